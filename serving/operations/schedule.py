"""Work by itself: periodic tasks beside the service, and the list of every day.

A task has a thread of its own; failures are logged and retried. Today's list is made from a time of day on; days that were missed are
caught up on, and today is ranked again after a correction.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import monotonic

from sqlalchemy import Engine, func, insert, select, text, update

from features.database.alert_tables import daily_run, lease
from features.database.engine import reading, writing
from features.database.tables import ranking
from features.errors import StoreError
from serving.alerts.corrections import accepted_corrections
from serving.operations.jobs import job_states

log = logging.getLogger(__name__)

Task = Callable[[], object]

ROUND_SECONDS = 2 * 3600.0
"""A round that takes longer counts as stuck; every task bounds itself well below that."""
STOP_SECONDS = 10.0
"""Longest time that a round under way may take to end at a stop."""


class PeriodicTask:
    """Run a task again and again until it is stopped, whatever a round of it raises."""

    def __init__(self, name: str, task: Task, seconds: float) -> None:
        self.name = name
        self._task = task
        self._seconds = seconds
        self._stop = threading.Event()
        self._round_start = monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the first round."""
        self._thread.start()

    def stop(self) -> None:
        """Start no further round, and give the one under way its time to end."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def is_stuck(self) -> bool:
        """Tell whether its thread ended, or one round takes too long."""
        return not self._thread.is_alive() or monotonic() - self._round_start > ROUND_SECONDS

    def _run(self) -> None:
        while True:
            self._round_start = monotonic()
            try:
                self._task()
            except Exception as error:
                log.warning("%s failed and will be retried: %s", self.name, error, exc_info=error)
            self._round_start = monotonic() + self._seconds
            if self._stop.wait(self._seconds):
                return


@contextmanager
def run_in_background(tasks: Mapping[str, Task], seconds: float) -> Iterator[list[PeriodicTask]]:
    """Run tasks, by name, while the block runs."""
    running = [PeriodicTask(name, task, seconds) for name, task in tasks.items()]
    for task in running:
        task.start()
    try:
        yield running
    finally:
        for task in running:
            task.stop()


@asynccontextmanager
async def repeating(chore: Callable[[], object], seconds: float) -> AsyncIterator[None]:
    """Do a chore in a thread again and again while the block runs; the round that is under way is finished first.

    A store or disk that cannot be used is told and tried again.
    """
    task = asyncio.create_task(_repeat(chore, seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(chore: Callable[[], object], seconds: float) -> None:
    while True:
        under_way = asyncio.ensure_future(asyncio.to_thread(chore))
        try:
            await asyncio.shield(under_way)
        except (StoreError, OSError) as error:
            log.warning("tried again later: %s", error)
        except asyncio.CancelledError:
            await asyncio.wait([under_way])
            raise
        await asyncio.sleep(seconds)


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
GRACE = timedelta(hours=1)
"""Time that a list which is due has to be there; ranking has as long."""
RETRY = timedelta(minutes=15)
"""Wait before a list of today that was refused is tried again, and at a late start for the day's ingest."""


@dataclass
class DailyRuns:
    """One process among those that would run the day; the one that holds the lease does."""

    engine: Engine
    rank_day: RankDay
    at: time
    """Local time from which the list of the day is due."""
    holder: str
    refused_at: datetime | None = None
    started_at: datetime | None = None
    """Moment, in the local zone, at which the service started; None waits for no ingest."""

    def run_due(self, now: datetime) -> list[date]:
        """Publish what is due at a moment in the local zone, the oldest first, and return the days that were published.

        A past day that is refused is marked and not tried again; today is tried until it ends.
        """
        if self.refused_at and timedelta() <= now - self.refused_at < RETRY:
            return []
        if self._waits_for_ingest(now):
            return []
        if not due_days(self.engine, now, self.at) or not take_lease(self.engine, "daily", self.holder, now, LEASE):
            return []
        given_up = given_up_days(self.engine, now, self.at)
        _mark(self.engine, given_up, f"it was more than {LOOK_BACK_DAYS} days ago when the service ran again", now)
        published = []
        for day in due_days(self.engine, now, self.at):
            fault = self.rank_day(day)
            log.log(logging.WARNING if fault else logging.INFO, "daily list of %s: %s", day, fault or "published")
            if fault is None:
                published.append(day)
            elif day >= now.date() or not _mark(self.engine, [day], fault, now):
                self.refused_at = now
        return published

    def _waits_for_ingest(self, now: datetime) -> bool:
        """Tell whether the service started when the list was due already, so that an ingest that was missed starts beside it."""
        started = self.started_at
        if started is None or started.time() < self.at or not timedelta() <= now - started < RETRY:
            return False
        ingest = job_states(self.engine).get("ingest")
        return not (ingest and ingest.success and ingest.success.started_at.astimezone(now.tzinfo).date() == now.date())

    def overdue(self, now: datetime) -> list[date]:
        """Return the days whose list is due, is not there, and had its time; none before the first list of all."""
        first, last = _first_open(self.engine, now), _last_due(now - GRACE, self.at)
        if first is None:
            return []
        first = max(first, last - timedelta(days=LOOK_BACK_DAYS))
        settled = _settled(self.engine, first, now)
        return [day for day in _days(first, last) if day not in settled]


def due_days(engine: Engine, now: datetime, at: time) -> list[date]:
    """Return the days up to now that have neither a list nor a mark, and today once more where a correction was accepted since."""
    today, last = now.date(), _last_due(now, at)
    first = max(_first_open(engine, now) or today, last - timedelta(days=LOOK_BACK_DAYS))
    settled = _settled(engine, first, now)
    again = last == today and bool(accepted_corrections(engine))
    return [day for day in _days(first, last) if day not in settled or (again and day == today)]


def given_up_days(engine: Engine, now: datetime, at: time) -> list[date]:
    """Return the days that are too long ago to be caught up, and were left without a list or a mark by a service that stood still."""
    first = _first_open(engine, now)
    if first is None:
        return []
    settled = _settled(engine, first, now)
    return [day for day in _days(first, _last_due(now, at) - timedelta(days=LOOK_BACK_DAYS + 1)) if day not in settled]


def missed_days(engine: Engine, now: datetime) -> list[tuple[date, str]]:
    """Return the days that were marked as missed and have no list since, the newest first, and why."""
    listed = select(ranking.c.id).where(ranking.c.as_of == daily_run.c.as_of).exists()
    with reading(engine) as connection:
        missed = connection.execute(select(daily_run).where(~listed, daily_run.c.at <= now).order_by(daily_run.c.as_of.desc()))
        return [(row.as_of, row.detail) for row in missed]


def _last_due(now: datetime, at: time) -> date:
    return now.date() if now.time() >= at else now.date() - timedelta(days=1)


def _first_open(engine: Engine, now: datetime) -> date | None:
    """Return the day from which on days can be open: the first settled one among the last few, or the one after the last settled day."""
    with reading(engine) as connection:
        listed = connection.execute(select(func.max(ranking.c.as_of)).where(ranking.c.published_at <= now)).scalar()
        marked = connection.execute(select(func.max(daily_run.c.as_of)).where(daily_run.c.at <= now)).scalar()
    last = max((day for day in (listed, marked) if day), default=None)
    if last is None:
        return None
    return min(_settled(engine, last - timedelta(days=LOOK_BACK_DAYS), now))


def _settled(engine: Engine, since: date, now: datetime) -> set[date]:
    """Return the days from `since` on that have a list or a mark; those of a later moment were made by a clock that was ahead.

    Such a list knew nothing of the days that were still to come, so its day gets another revision once it has begun.
    """
    listed = select(ranking.c.as_of).where(ranking.c.as_of >= since, ranking.c.published_at <= now)
    marked = select(daily_run.c.as_of).where(daily_run.c.as_of >= since, daily_run.c.at <= now)
    with reading(engine) as connection:
        return {day for query in (listed, marked) for day in connection.execute(query).scalars()}


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _mark(engine: Engine, days: Sequence[date], fault: str, now: datetime) -> bool:
    """Mark days as missed, once each; return whether any was not marked before."""
    with writing(engine) as connection:
        marked = set(connection.execute(select(daily_run.c.as_of).where(daily_run.c.as_of.in_(days))).scalars())
        rows = [{"as_of": day, "at": now, "outcome": "refused", "detail": fault} for day in days if day not in marked]
        if rows:
            connection.execute(insert(daily_run), rows)
    return bool(rows)
