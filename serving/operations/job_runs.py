"""Job runs: when ingest, train, rank, monitor and backup last worked, when one last failed, and why."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, func, insert, select

from features.database.engine import reading, writing
from features.database.tables import job_run
from features.errors import StoreError, YujingError

log = logging.getLogger(__name__)

JOBS = ("ingest", "train", "rank", "monitor", "backup")


@dataclass(frozen=True)
class Run:
    """One run of a job."""

    job: str
    started_at: datetime
    seconds: float
    fault: str | None = None
    counts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class JobState:
    """The newest runs of a job."""

    last: Run
    success: Run | None
    failure: Run | None


@contextmanager
def timed(job: str, now: datetime) -> Iterator[list[Run]]:
    """Time a job; the list holds its one run once the block is left, by a fault too.

    Only messages of the project's own errors are kept: others may repeat what a file held.
    """
    runs: list[Run] = []
    began = time.monotonic()
    try:
        yield runs
    except Exception as error:
        fault = str(error) if isinstance(error, YujingError) else type(error).__name__
        runs.append(Run(job, now, time.monotonic() - began, fault))
        raise
    else:
        runs.append(Run(job, now, time.monotonic() - began))


def record_run(engine: Engine, run: Run) -> None:
    """Keep a run; a database that cannot be written is logged where the job itself did not fail, which tells of it already."""
    try:
        with writing(engine) as connection:
            connection.execute(insert(job_run), vars(run))
    except StoreError as error:
        log.log(logging.DEBUG if run.fault else logging.WARNING, "the run of %s could not be recorded: %s", run.job, error)


def job_states(engine: Engine) -> dict[str, JobState]:
    """Return job -> its newest runs, of the jobs that ever ran."""
    with reading(engine) as connection:
        newest = select(func.max(job_run.c.id)).group_by(job_run.c.job, job_run.c.fault.is_(None))
        rows = connection.execute(select(job_run).where(job_run.c.id.in_(newest)).order_by(job_run.c.id)).mappings().all()
    states = {}
    for job in {row["job"] for row in rows}:
        runs = [Run(**{name: row[name] for name in Run.__dataclass_fields__}) for row in rows if row["job"] == job]
        succeeded, failed = [run for run in runs if run.fault is None], [run for run in runs if run.fault is not None]
        states[job] = JobState(runs[-1], *(each[-1] if each else None for each in (succeeded, failed)))
    return states
