"""Making reports from a page: one at a time, in a process of its own, whose progress can be asked for."""

import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from tempfile import NamedTemporaryFile
from threading import Lock, Thread, Timer

import yaml

from features.errors import ConflictError
from features.storage.home import Home
from serving.settings import Settings

log = logging.getLogger(__name__)

PROGRAM = "from serving.cli.main import main; main()"
MAKING_SECONDS = 1800.0
"""After which a report that is not made is given up."""


@dataclass(frozen=True)
class Making:
    """A report that is being made, or was last."""

    name: str
    """What it is about, as it is read out."""
    started_at: datetime
    steps: int = 0
    """Steps that it has begun."""
    done: bool = False
    failed: bool = False


class ReportMaker:
    """Makes one report at a time."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home = home
        self._settings = settings
        self._lock = Lock()
        self._last: Making | None = None

    @property
    def last(self) -> Making | None:
        """The report that is being made, else the last one that was asked for since the start."""
        return self._last

    def start(self, name: str, options: list[str], now: datetime) -> None:
        """Begin a report.

        Raises:
            ConflictError: another one is being made.
        """
        with self._lock:
            if self._last and not self._last.done:
                raise ConflictError("one report is made at a time, and one is not finished. Try again in a few minutes.")
            self._last = Making(name, now)
        Thread(target=self._make, args=(options, self._last), name="report", daemon=True).start()

    def _make(self, options: list[str], making: Making) -> None:
        code = _run(self._home, self._settings, options, self._step)
        if code:
            log.warning("report %s was not made: exit code %s", making.name, code)
        self._last = replace(self._last or making, done=True, failed=code != 0)

    def _step(self, line: str) -> None:
        log.info("report: %s", line)
        if self._last:
            self._last = replace(self._last, steps=self._last.steps + 1)


def _run(home: Home, settings: Settings, options: list[str], tell: Callable[[str], None]) -> int:
    """Run the command under the settings of this service, and tell each line that it writes."""
    with NamedTemporaryFile("w", suffix=".yaml", prefix="yujing-report-", encoding="utf-8") as config:
        yaml.safe_dump(settings.model_dump(mode="json"), config, allow_unicode=True)
        config.flush()
        where = ["--home", str(home.root), "--config", config.name]
        command = [sys.executable, "-P", "-c", PROGRAM, *options, *where]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:  # noqa: S603 - our own program
            limit = Timer(MAKING_SECONDS, process.kill)
            limit.start()
            for line in process.stderr or ():
                tell(line.strip())
            limit.cancel()
        return process.returncode
