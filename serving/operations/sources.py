"""Sources of data as the clock sees them: how far each reaches, and whether that is late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import feed
from serving.settings import Settings


@dataclass(frozen=True)
class Source:
    """One source."""

    name: str
    through: datetime | None
    days_old: int
    """Whole days between its newest record and now."""
    late: bool
    """Older than `serving.data_late_after_hours`, or without a record."""


def read_sources(engine: Engine, now: datetime, settings: Settings) -> tuple[Source, ...]:
    """Return all sources by name, judged by the clock; those that have ended, as the settings say, are left out."""
    with reading(engine) as connection:
        rows = connection.execute(select(feed.c.name, feed.c.known_through).order_by(feed.c.name)).all()
    limit = timedelta(hours=settings.serving.data_late_after_hours)
    ages = {row: now - row.known_through if row.known_through else None for row in rows if row.name not in settings.intake.retired_sources}
    return tuple(
        Source(row.name, row.known_through, max(age.days, 0) if age else 0, age is None or age > limit) for row, age in ages.items()
    )
