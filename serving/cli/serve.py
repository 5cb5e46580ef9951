"""`yujing serve`: the API and the pages."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import say
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from serving.operations.schedule import DailyRuns, PeriodicTask, RankDay, Task
    from serving.scoring.on_demand import FileScorer, OnDemand
    from serving.settings import Receiver
    from serving.text import Text

PROGRAM = "from serving.cli.main import main; main()"
EVERY_SECONDS = 60.0
DELIVERY_LEASE = timedelta(minutes=30)
RANK_SECONDS = 3600.0
"""Deadline of the process that ranks a day."""


def background_tasks(work: Workspace, runs: "DailyRuns | None") -> "dict[str, Task]":
    """Return the periodic tasks that the settings and options ask for, by name: deliveries apart from ranking, and from each other."""
    tasks: dict[str, Task] = {
        f"deliveries to {receiver.name}": partial(_deliver, work, receiver) for receiver in work.settings.alerts.receivers
    }
    if runs is not None:
        tasks["daily ranking"] = lambda: runs.run_due(datetime.now(work.settings.tz))
    return tasks


def daily_runs(work: Workspace, daily: time) -> "DailyRuns":
    """Return what ranks every day from a local time on."""
    from serving.operations.schedule import DailyRuns

    return DailyRuns(work.engine, _rank_apart(work), daily, _holder(), started_at=datetime.now(work.settings.tz))


def _deliver(work: Workspace, receiver: "Receiver") -> None:
    """Send a receiver what it does not know yet, if no other process does."""
    from features.database.known_keys import known_secret
    from serving.alerts.messages import Site, post, send_mail
    from serving.alerts.webhooks import deliver
    from serving.briefs.briefs import send_briefs
    from serving.operations.schedule import take_lease

    now = datetime.now(UTC)
    if take_lease(work.engine, f"tell {receiver.name}", _holder(), now, DELIVERY_LEASE):
        site = Site(work.settings.serving.public_url, work.settings.alerts.due_hours, work.settings.tz)
        key = known_secret(work.home, work.engine, f"receiver-{receiver.name}")
        send = send_mail if receiver.kind == "mail" else post
        deliver(work.engine, receiver, key, now, send, site)
        send_briefs(work.engine, receiver, work.settings, now, send)


def program_of(work: Workspace) -> tuple[str, ...]:
    """Return the command line of yujing on this home, for work in a process of its own."""
    config = ("--config", str(work.named_config)) if work.named_config else ()
    return (sys.executable, "-P", "-c", PROGRAM, "--home", str(work.home.root), *config)


def _rank_apart(work: Workspace) -> "RankDay":
    """Return what ranks a day in a process of its own, which takes its memory with it."""
    program = program_of(work)

    def rank_day(day: date) -> str | None:
        command = [*program, "rank", "--as-of", day.isoformat(), "--top", "0"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RANK_SECONDS)  # noqa: S603 - our own program
        except subprocess.TimeoutExpired:
            return f"ranking must end within {RANK_SECONDS:.0f} s, and was stopped"
        return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]

    return rank_day


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; the settings' by default.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on; the settings' by default.")]


def _time(text: str) -> time:
    return time.fromisoformat(text)


Daily = Annotated[
    time | None, typer.Option("--daily", parser=_time, metavar="TIME", help="Rank every day from this local time on, such as 06:00.")
]


def serve(work: Workspace, *, host: Host = None, port: Port = None, daily: Daily = None) -> None:
    """Serve the published lists until stopped."""
    serve_home(work, {name: value for name, value in (("host", host), ("port", port)) if value is not None}, daily)


def serve_home(
    work: Workspace, given: "Mapping[str, object] | None" = None, daily: time | None = None, welcome: "Callable[[], None] | None" = None
) -> None:
    """Serve a home until stopped, with some settings in place of its own; `welcome` tells people how to come in."""
    from features.settings import validate
    from serving.audit import note_settings
    from serving.operations.schedule import run_in_background
    from serving.run import Beside
    from serving.run import serve as run
    from serving.server.connections import listen
    from serving.settings import ServingSettings

    serving = validate(ServingSettings, {**work.settings.serving.model_dump(), **(given or {})}, "serve")
    bound = listen(serving.host, serving.port)
    note_settings(work.engine, work.settings, datetime.now(UTC))
    _make_shared_keys(work)
    _warn_of_neglect(work)
    runs = daily_runs(work, daily) if daily is not None else None
    with run_in_background(background_tasks(work, runs), EVERY_SECONDS) as tasks:
        settings = work.settings.model_copy(update={"serving": serving})
        overdue = partial(_overdue, work, tasks, runs)
        greet = partial(_greet, f"http://{serving.host}:{serving.port}", welcome or partial(_welcome, work))
        beside = Beside(lambda: _open_explainer(work), lambda: _open_scorer(work), overdue, program_of(work), greet)
        run(work.home, settings, beside, bound)


def _greet(address: str, welcome: "Callable[[], None]") -> None:
    """Say where the service is and how to sign in, which is the last thing on the console."""
    from serving.text import Text

    say(
        Text(
            zh=f"服务地址：{address}（接口说明在 /docs），按 Ctrl-C 停止。", en=f"Serving {address}, documented at /docs; stop with Ctrl-C."
        )
    )
    welcome()


def _overdue(work: Workspace, tasks: "list[PeriodicTask]", runs: "DailyRuns | None", now: datetime) -> "list[Text]":
    """Say which tasks beside the service are stuck, and which lists are due and not there."""
    from serving.operations.health import overdue_work

    stuck = [task.name for task in tasks if task.is_stuck()]
    return overdue_work(stuck, runs.overdue(now.astimezone(work.settings.tz)) if runs and not _has_expired(work, now) else [])


def _has_expired(work: Workspace, now: datetime) -> bool:
    """Tell whether no list is due, for none may be published any more; the service says so by itself."""
    from serving.rankings.expiry import read_expiries

    return any(each.has_passed for each in read_expiries(work.engine, work.settings, now))


def _open_explainer(work: Workspace) -> "OnDemand":
    """Load what explains grids on demand, which brings the model with it."""
    from serving.scoring.on_demand import OnDemand

    return OnDemand(work.home, work.engine, work.settings)


def _open_scorer(work: Workspace) -> "FileScorer":
    """Load what scores case files that are not stored."""
    from serving.scoring.on_demand import FileScorer

    return FileScorer(work.home, work.engine, work.settings)


def _warn_of_neglect(work: Workspace) -> None:
    """Say at the start when lot alone leads to some grids too seldom."""
    from serving.alerts.capacity import LIMIT_WEEKS, read_revisit_interval, say_neglect

    weeks = read_revisit_interval(work.engine, work.settings.alerts)
    if weeks is not None and weeks > LIMIT_WEEKS:
        say(say_neglect(weeks))


def _make_shared_keys(work: Workspace) -> None:
    """Let the keys lie in the home that programs and platforms need before the first message; a lost one keeps nobody from serving."""
    from features.database.known_keys import known_secret
    from features.errors import StoreError

    programs = [f"receiver-{each.name}" for each in work.settings.alerts.receivers if each.kind == "webhook"]
    for name in programs + [f"platform-{each.name}" for each in work.settings.alerts.platforms]:
        with suppress(StoreError):
            known_secret(work.home, work.engine, name)


def _welcome(work: Workspace) -> None:
    """Let the first person in: make an administrator where there is no account, and print its one-time password."""
    from serving.accounts.accounts import first_account
    from serving.text import Text

    if password := first_account(work.engine, datetime.now(UTC)):
        say(
            Text(
                zh=f"用账号 admin 和一次性密码 {password} 登录，然后设置自己的密码。忘记时运行 yujing accounts reset admin。",
                en=f"Sign in as admin with the one-time password {password} and choose your own; "
                "`yujing accounts reset admin` gives another one.",
            )
        )
