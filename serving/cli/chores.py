"""What `yujing serve` does beside answering: rank every day, and tell the receivers."""

import os
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.background import Chore
    from serving.daily_runs import RankDay

PROGRAM = "from serving.cli.main import main; main()"
EVERY_SECONDS = 60.0
TELLING = timedelta(minutes=30)


def chores(work: Workspace, daily: time | None) -> "list[Chore]":
    """Return the chores that the options and settings ask for."""
    from serving.daily_runs import DailyRuns

    asked: list[Chore] = [partial(_tell_all, work)] if work.settings.alerts.receivers else []
    if daily is not None:
        runs = DailyRuns(work.engine, _rank_apart(work), daily, _holder())
        asked.append(lambda: runs.run_due(datetime.now(work.settings.tz)))
    return asked


def _tell_all(work: Workspace) -> None:
    """Tell every receiver what it does not know yet, if no other process does."""
    from features.database.known_keys import known_secret
    from serving.alerts.post import post
    from serving.alerts.webhooks import deliver
    from serving.leader import take_lease

    for receiver in work.settings.alerts.receivers:
        now = datetime.now(UTC)
        if take_lease(work.engine, f"tell {receiver.name}", _holder(), now, TELLING):
            deliver(work.engine, receiver, known_secret(work.home, work.engine, f"receiver-{receiver.name}"), now, post)


def _rank_apart(work: Workspace) -> "RankDay":
    """Return what ranks a day in a process of its own, which takes its memory with it."""
    where = ["--home", str(work.home.root), *(["--config", str(work.named_config)] if work.named_config else [])]

    def rank_day(day: date) -> str | None:
        command = [sys.executable, "-c", PROGRAM, *where, "rank", "--as-of", day.isoformat(), "--top", "0"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]

    return rank_day


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"
