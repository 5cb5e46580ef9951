"""Jobs: when ingest, train, rank, monitor and backup last worked or failed and why, and those that are started on a page.

Of the latter one at a time runs in a thread, long ones in a program of their own.
"""

import logging
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, func, insert, select

from features.database.engine import reading, writing
from features.database.tables import job_run
from features.errors import ConflictError, NotReadyError, StoreError, YujingError

log = logging.getLogger(__name__)

JOBS = ("ingest", "train", "rank", "monitor", "backup")

PROGRAM_SECONDS = 4 * 3600.0
"""Deadline of a program of its own."""
STEP = re.compile(r"^(?P<stage>[\w -]+): (?P<done>\d+) of (?P<total>\d+)$")
"""Pattern of the progress that commands tell on stderr."""


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


@dataclass
class PageJob:
    """A job, under way or ended."""

    name: str
    subject: str
    """Subject, such as the token of an upload."""
    started_at: datetime
    stage: str = ""
    done: int = 0
    total: int = 0
    running: bool = True
    outcome: object = None
    fault: YujingError | None = None
    """Reason of the failure; an error that is none of the project's own is told by its kind only, for it may repeat what a file held."""
    lines: list[str] = field(default_factory=list)
    """The last of what a program said."""


Work = Callable[[PageJob], object]
"""Does the job, tells its progress by the fields of the job, and returns the outcome."""


class PageJobs:
    """The one job that runs, or the last one that ran."""

    def __init__(self) -> None:
        self.last: PageJob | None = None
        self._lock = threading.Lock()

    def start(self, job: PageJob, work: Work) -> None:
        """Start a job in a thread.

        Raises:
            ConflictError: another one runs.
        """
        with self._lock:
            if self.last and self.last.running:
                raise ConflictError(f"one job runs at a time, and {self.last.name} does. Wait until it has ended.")
            self.last = job
        threading.Thread(target=_run, args=(job, work), name=f"page job {job.name}", daemon=True).start()


def _run(job: PageJob, work: Work) -> None:
    try:
        job.outcome = work(job)
    except YujingError as error:
        job.fault = error
    except Exception as error:
        log.warning("%s, started on a page, failed: %s", job.name, error, exc_info=error)
        job.fault = NotReadyError(f"{job.name} must end by itself, and stopped by {type(error).__name__}. See the log of the service.")
    finally:
        job.running = False


def run_program(command: Sequence[str], job: PageJob) -> None:
    """Run a command of ours in a process of its own and follow its progress.

    Raises:
        NotReadyError: it failed, with the last line it said, or did not end in time.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        guard = threading.Timer(PROGRAM_SECONDS, process.kill)
        guard.start()
        try:
            for line in process.stderr or ():
                _follow(line.rstrip(), job)
        finally:
            guard.cancel()
    if process.returncode:
        raise NotReadyError(job.lines[-1].removeprefix("yujing: ") if job.lines else f"{job.name} stopped without a word. Start it again.")


def _follow(line: str, job: PageJob) -> None:
    if step := STEP.match(line):
        job.stage, job.done, job.total = step["stage"], int(step["done"]), int(step["total"])
    elif line:
        job.lines = [*job.lines, line][-20:]
