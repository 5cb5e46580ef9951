"""`yujing demo`: the whole way on a simulated district, from its files to lists that are served."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from features.errors import UsageError
from features.storage.home import Home
from serving.cli.console import say
from serving.cli.data import Seed, ingest, simulate
from serving.cli.demo_history import History, one_time_passwords, write_examples
from serving.cli.models import promote_at, train_and_show
from serving.cli.reports import ReportOptions, monitor, report
from serving.cli.serve import serve_home
from serving.cli.workspace import Workspace

HiddenPreset = Annotated[str, typer.Option("--preset", hidden=True)]
Serve = Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the lists at the end.")]

ZONE = ZoneInfo("Asia/Shanghai")
"""Folder of the simulated district."""
YEARS = 4
LIST_DAYS = 14
LOG = "demo.log"
STEPS = {
    "simulate": ("模拟一个区四年的事项", "simulate four years of a district"),
    "ingest": ("接入事项", "ingest its cases"),
    "backtest and train": ("回测并训练模型（约几分钟）", "backtest and train a model (takes minutes)"),
    "promote": ("发布模型", "promote the model"),
    "rank": ("发布最近两周的清单，并处置预警提示", "publish the lists of two weeks, and answer their alerts"),
    "look back": ("检查数据和清单，生成上月研判", "check data and lists, write last month's report"),
}
"""Each step in Chinese and in English."""
ROLES_ZH = {"command": "指挥中心", "analyst": "分析员", "township": "镇街", "grid_worker": "网格员", "auditor": "审计员"}
UNDERTAKINGS = ("projects.csv", "undertakings.csv", "effort.csv", "sensitive_periods.csv")
REASON = "demo: published to be looked at, whatever the gate says"
ELSEWHERE = ("YUJING_DATABASE_URL", "MLFLOW_TRACKING_URI")
"""Variables that would lead the demo into a store that others use."""


def demo(work: Workspace, *, seed: Seed = 1, preset: HiddenPreset = "nanhu", with_server: Serve = True) -> None:
    """Simulate a district and run it the whole way.

    What is done already is not done again: stop it at any time and run it again, on the same day.
    """
    from serving.cli.demo_summary import read_figures, summarise
    from serving.text import Text

    _keep_apart(work)
    today = datetime.now(ZONE).date()
    home = Home(work.home.root / f"demo-{preset}-{today}-{seed}")
    files = home.root / "files"
    place = Workspace(home, None)

    def history() -> History:
        return History(place, today, seed, datetime.now(ZONE))

    say(Text(zh=f"本演示的全部内容都在 {home.root}。", en=f"Everything of this demo lives in {home.root}."))
    steps: Mapping[str, Callable[[], object]] = {
        "simulate": lambda: _simulate(work, home, preset, seed, today),
        "ingest": lambda: ingest(
            place,
            files=[files / "cases.csv"],
            source=str(files / "source.yaml"),
            grids=files / "grids.csv",
            crosswalk=files / "crosswalk.csv",
            undertakings=[*(files / name for name in UNDERTAKINGS), write_examples(files, today)],
        ),
        "backtest and train": lambda: train_and_show(
            place, place.settings.model, truth=files / "truth", today=history().list_days(LIST_DAYS)[0]
        ),
        "promote": lambda: _promote(history()),
        "rank": lambda: history().write(history().list_days(LIST_DAYS)),
        "look back": lambda: _look_back(place, today),
    }
    _run(steps, home.folder(home.root / "done"), home.root / LOG)
    for line in summarise(place, read_figures(place)):
        say(line)
    if with_server:
        serve_home(place, welcome=lambda: _tell_accounts(place))
    else:
        _tell_accounts(place)


def _promote(history: History) -> None:
    """Put the model to use the day before the first list."""
    first = history.published_at(history.list_days(LIST_DAYS)[0])
    promote_at(history.work, "challenger", None, ("demo", REASON, True), first - timedelta(days=1))


def _look_back(place: Workspace, today: date) -> None:
    """Check data and lists, and write the report of the last whole month."""
    with suppress(typer.Exit):  # it found something that asks for attention, which is no failure
        monitor(place, as_of=today)
    report(place, ReportOptions(month=f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"))


def _tell_accounts(place: Workspace) -> None:
    """Print who can sign in, each with a one-time password; nobody's own password is touched."""
    from serving.text import Text

    accounts = one_time_passwords(place, datetime.now(ZONE))
    if not accounts:
        say(
            Text(
                zh="账号均已设置密码；忘记时运行 yujing accounts reset 账号。",
                en="Every account has a password; `yujing accounts reset NAME` gives another.",
            )
        )
        return
    say(
        Text(
            zh="登录账号和一次性密码（首次登录后自行设置密码）：",
            en="Accounts and their one-time passwords; each chooses its own at the first sign-in:",
        )
    )
    for name, role, password in accounts:
        say(Text(zh=f"  {ROLES_ZH[role]}  {name}  {password}", en=f"  {role.replace('_', ' ')}  {name}  {password}"))


def _keep_apart(work: Workspace) -> None:
    """Refuse what would lead the demo into stores that others use."""
    if work.named_config is not None:
        raise UsageError(f"demo brings its own configuration, got --config {work.named_config}. Leave it out.")
    if found := [name for name in ELSEWHERE if name in os.environ]:
        raise UsageError(f"demo keeps everything in a home of its own, and {' and '.join(found)} would lead elsewhere. Unset it.")


def _simulate(work: Workspace, home: Home, preset: str, seed: int, today: date) -> None:
    """Write the files unless they are there, for then they are whole, and make their configuration the home's own."""
    files = home.root / "files"
    if not files.exists():
        simulate(work, out=files, preset=preset, years=YEARS, seed=seed, end=today)
    shutil.copyfile(files / "config.yaml", home.config)


def _run(steps: Mapping[str, Callable[[], object]], done: Path, log: Path) -> None:
    """Take each step that was not finished before; a step that is broken off and taken again adds nothing twice.

    What a step says goes to the log; of an error the last line is told by the command itself.
    """
    from serving.text import Text

    for number, (name, step) in enumerate(steps.items(), start=1):
        label = Text(zh=f"[{number}/{len(steps)}] {STEPS[name][0]}", en=f"[{number}/{len(steps)}] {STEPS[name][1]}")
        if (done / name).exists():
            say(Text(zh=f"{label.zh}：此前已完成", en=f"{label.en}: done before"))
            continue
        say(Text(zh=f"{label.zh} ……", en=f"{label.en} ..."))
        began = time.monotonic()
        with log.open("a", encoding="utf-8") as output, redirect_stdout(output), redirect_stderr(output):
            step()
        (done / name).touch()
        seconds = f"{time.monotonic() - began:.0f}"
        say(Text(zh=f"{label.zh}：{seconds}秒", en=f"{label.en}: {seconds} s"))
