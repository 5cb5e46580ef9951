"""Ranking every day by itself: today's list from a time of day on, the days that were missed, and today again after a correction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Engine, insert, select, text, update

from features.database.alert_tables import daily_run, lease
from features.database.engine import reading, writing
from features.database.tables import ranking
from serving.alerts.corrections import accepted_corrections


def take_lease(engine: Engine, name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
    """Take or renew a lease, unless another holder's has not ended; return whether it is held now."""
    held = {"name": name, "holder": holder, "ends_at": now + lasts}
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE"))
        found = connection.execute(select(lease).where(lease.c.name == name)).first()
        if found is None:
            connection.execute(insert(lease), held)
        elif found.holder == holder or not now < found.ends_at <= now + lasts:  # one that ends later was taken by a clock that was wrong
            connection.execute(update(lease).where(lease.c.name == name).values(held))
        else:
            return False
    return True


RankDay = Callable[[date], str | None]
"""Publishes the list of a day; returns None, or in one line why it could not."""

LOOK_BACK_DAYS = 7
"""Missed days before these are left as they are."""
LEASE = timedelta(hours=1)
RETRY = timedelta(minutes=15)
"""How soon a list of today that was refused is tried again."""


@dataclass
class DailyRuns:
    """One process among those that would run the day; the one that holds the lease does."""

    engine: Engine
    rank_day: RankDay
    at: time
    """Local time from which the list of the day is due."""
    holder: str
    refused_at: datetime | None = None

    def run_due(self, now: datetime) -> list[date]:
        """Publish what is due at a moment in the local zone, the oldest first, and return the days that were published.

        A past day that is refused is marked and not tried again; today is tried until it ends.
        """
        if self.refused_at and timedelta() <= now - self.refused_at < RETRY:
            return []
        if not due_days(self.engine, now, self.at) or not take_lease(self.engine, "daily", self.holder, now, LEASE):
            return []
        published = []
        for day in due_days(self.engine, now, self.at):
            fault = self.rank_day(day)
            if fault is None:
                published.append(day)
            elif day < now.date():
                _mark(self.engine, day, fault, now)
            else:
                self.refused_at = now
        return published


def due_days(engine: Engine, now: datetime, at: time) -> list[date]:
    """Return the days up to now that have neither a list nor a mark, and today once more where a correction was accepted since."""
    today = now.date()
    last = today if now.time() >= at else today - timedelta(days=1)
    since = last - timedelta(days=LOOK_BACK_DAYS)
    with reading(engine) as connection:
        settled = {
            day
            for column in (ranking.c.as_of, daily_run.c.as_of)
            for day in connection.execute(select(column).where(column >= since)).scalars()
        }
    first = min(settled, default=today)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    again = last == today and bool(accepted_corrections(engine))
    return [day for day in days if day not in settled or (again and day == today)]


def missed_days(engine: Engine) -> list[tuple[date, str]]:
    """Return the days that were marked as missed and have no list since, the newest first, and why."""
    listed = select(ranking.c.id).where(ranking.c.as_of == daily_run.c.as_of).exists()
    with reading(engine) as connection:
        missed = connection.execute(select(daily_run).where(~listed).order_by(daily_run.c.as_of.desc()))
        return [(row.as_of, row.detail) for row in missed]


def _mark(engine: Engine, day: date, fault: str, now: datetime) -> None:
    with writing(engine) as connection:
        connection.execute(insert(daily_run), {"as_of": day, "at": now, "outcome": "refused", "detail": fault})
