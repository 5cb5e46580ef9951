"""Sources of data as the clock sees them: how far each reaches, and how old that is."""

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
    days_old: int
    """Whole days between its newest record and now."""
    late: bool
    """Older than the data of a fresh list can be, or nothing yet."""


DAY = timedelta(days=1)


def read_sources(engine: Engine, now: datetime, fresh: timedelta) -> tuple[Source, ...]:
    """Return all sources by name, judged by the clock.

    `fresh` is how long a list counts as fresh; its data end the day before, so a source may be a day older.
    """
    with reading(engine) as connection:
        rows = connection.execute(select(feed.c.name, feed.c.known_through).order_by(feed.c.name)).all()
    ages = [now - row.known_through if row.known_through else None for row in rows]
    return tuple(
        Source(row.name, row.known_through, max(age.days, 0) if age else 0, age is None or age > fresh + DAY)
        for row, age in zip(rows, ages, strict=True)
    )
