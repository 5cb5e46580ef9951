"""How far each source of data reaches."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import feed


@dataclass(frozen=True)
class Source:
    """One source."""

    name: str
    through: datetime | None
    days_behind: int
    """Whole days that its newest record lies before the end of the list's data; 0 where it is on time."""


def read_sources(engine: Engine, data_through: datetime, allowance: timedelta) -> tuple[Source, ...]:
    """Return all sources by name; one that is behind the data of a list by more than the allowance counts as late."""
    with reading(engine) as connection:
        rows = connection.execute(select(feed.c.name, feed.c.known_through).order_by(feed.c.name)).all()
    return tuple(Source(row.name, row.known_through, _behind(row.known_through, data_through, allowance)) for row in rows)


def _behind(through: datetime | None, data_through: datetime, allowance: timedelta) -> int:
    late = data_through - through if through else allowance + timedelta(days=1)
    return late.days if late > allowance else 0
