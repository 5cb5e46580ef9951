"""`yujing serve`: the API and the pages."""

import os
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import say
from serving.cli.workspace import Workspace
from serving.text import Text

if TYPE_CHECKING:
    from serving.operations.background import Chore
    from serving.operations.schedule import RankDay

PROGRAM = "from serving.cli.main import main; main()"
EVERY_SECONDS = 60.0
TELLING = timedelta(minutes=30)


def chores(work: Workspace, daily: time | None) -> "list[Chore]":
    """Return the chores that the options and settings ask for."""
    from serving.operations.schedule import DailyRuns

    asked: list[Chore] = [partial(_tell_all, work)] if work.settings.alerts.receivers else []
    if daily is not None:
        runs = DailyRuns(work.engine, _rank_apart(work), daily, _holder())
        asked.append(lambda: runs.run_due(datetime.now(work.settings.tz)))
    return asked


def _tell_all(work: Workspace) -> None:
    """Tell every receiver what it does not know yet, if no other process does."""
    from features.database.known_keys import known_secret
    from serving.alerts.messages import Site, send_mail
    from serving.alerts.webhooks import deliver, post
    from serving.operations.schedule import take_lease

    for receiver in work.settings.alerts.receivers:
        now = datetime.now(UTC)
        if take_lease(work.engine, f"tell {receiver.name}", _holder(), now, TELLING):
            site = Site(work.settings.serving.public_url, work.settings.alerts.due_hours, work.settings.tz)
            key = known_secret(work.home, work.engine, f"receiver-{receiver.name}")
            deliver(work.engine, receiver, key, now, send_mail if receiver.kind == "mail" else post, site)


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


if TYPE_CHECKING:
    from serving.scoring.explain_grid import OnDemand
    from serving.scoring.score_file import FileScorer

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; the settings' by default.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on; the settings' by default.")]


def _time(text: str) -> time:
    return time.fromisoformat(text)


Daily = Annotated[
    time | None, typer.Option("--daily", parser=_time, metavar="TIME", help="Rank every day from this local time on, such as 06:00.")
]


def serve(work: Workspace, *, host: Host = None, port: Port = None, daily: Daily = None) -> None:
    """Serve the published lists until stopped."""
    from features.settings import validate
    from serving.operations.background import run_in_background
    from serving.run import serve as run
    from serving.settings import ServingSettings

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    serving = validate(ServingSettings, {**work.settings.serving.model_dump(), **given}, "serve")
    _warn_of_neglect(work)
    address = f"http://{serving.host}:{serving.port}"
    say(
        Text(
            zh=f"服务地址：{address}（接口说明在 /docs），按 Ctrl-C 停止。", en=f"Serving {address}, documented at /docs; stop with Ctrl-C."
        )
    )
    _welcome(work)
    with run_in_background(chores(work, daily), EVERY_SECONDS):
        settings = work.settings.model_copy(update={"serving": serving})
        run(work.home, settings, lambda: _open_explainer(work), lambda: _open_scorer(work))


def _open_explainer(work: Workspace) -> "OnDemand":
    """Load what explains grids on demand, which brings the model with it."""
    from serving.scoring.explain_grid import OnDemand

    return OnDemand(work.home, work.engine, work.settings)


def _open_scorer(work: Workspace) -> "FileScorer":
    """Load what scores case files that are not stored."""
    from serving.scoring.score_file import FileScorer

    return FileScorer(work.home, work.engine, work.settings)


def _warn_of_neglect(work: Workspace) -> None:
    """Say at the start when lot alone leads to some grids too seldom."""
    from serving.alerts.capacity import LIMIT_WEEKS, read_revisit_interval, say_neglect

    weeks = read_revisit_interval(work.engine, work.settings.alerts)
    if weeks is not None and weeks > LIMIT_WEEKS:
        say(say_neglect(weeks))


def _welcome(work: Workspace) -> None:
    """Let the first person in: make an administrator where there is no account, and print its one-time password."""
    from serving.accounts.accounts import first_account

    if password := first_account(work.engine, datetime.now(UTC)):
        say(
            Text(
                zh=f"用账号 admin 和一次性密码 {password} 登录，然后设置自己的密码。忘记时运行 yujing accounts reset admin。",
                en=f"Sign in as admin with the one-time password {password} and choose your own; "
                "`yujing accounts reset admin` gives another one.",
            )
        )
