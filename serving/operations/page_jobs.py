"""Jobs that are started on a page: one at a time in a thread, long ones in a program of their own, with progress to show."""

import logging
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from features.errors import ConflictError, NotReadyError, YujingError

log = logging.getLogger(__name__)

PROGRAM_SECONDS = 4 * 3600.0
"""Deadline of a program of its own."""
STEP = re.compile(r"^(?P<stage>[\w -]+): (?P<done>\d+) of (?P<total>\d+)$")
"""Pattern of the progress that commands tell on stderr."""


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
