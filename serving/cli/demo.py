"""`yujing demo`: the whole way on a simulated district, from its files to lists that are served."""

import os
import shlex
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from features.errors import UsageError
from features.storage.home import Home
from serving.cli.console import message
from serving.cli.data import Seed, ingest, simulate
from serving.cli.models import promote_model, train_and_show
from serving.cli.rank import rank_days
from serving.cli.serve import serve
from serving.cli.workspace import Workspace

HiddenPreset = Annotated[str, typer.Option("--preset", hidden=True)]
Serve = Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the lists at the end.")]

ZONE = ZoneInfo("Asia/Shanghai")
"""Where the simulated district lies."""
YEARS = 4
LIST_DAYS = 14
REASON = "demo: published to be looked at, whatever the gate says"
ELSEWHERE = ("YUJING_DATABASE_URL", "MLFLOW_TRACKING_URI")
"""Variables that would lead the demo into a store that others use."""


def demo(work: Workspace, *, seed: Seed = 1, preset: HiddenPreset = "nanhu", with_server: Serve = True) -> None:
    """Simulate a district and run it the whole way.

    What is done already is not done again: stop it at any time and run it again, on the same day.
    """
    _keep_apart(work)
    today = datetime.now(ZONE).date()
    home = Home(work.home.root / f"demo-{preset}-{today}-{seed}")
    files = home.root / "files"
    place = Workspace(home, None)
    message(f"Everything of this demo lives in {home.root}; nothing in it ever happened.")
    steps: Mapping[str, Callable[[], object]] = {
        "simulate": lambda: _simulate(work, home, preset, seed, today),
        "ingest": lambda: ingest(
            place,
            files=[files / "cases.csv"],
            source=str(files / "source.yaml"),
            grids=files / "grids.csv",
            crosswalk=files / "crosswalk.csv",
        ),
        "backtest and train": lambda: train_and_show(place, place.settings, truth=files / "truth"),
        "promote": lambda: promote_model(place, reason=REASON, by="demo", override=True),
        "rank": lambda: rank_days(place, [today - timedelta(days=ago) for ago in reversed(range(LIST_DAYS))]),
    }
    _run(steps, home.folder(home.root / "done"))
    message(f"To look around: export YUJING_HOME={shlex.quote(str(home.root))}")
    if with_server:
        serve(place)


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


def _run(steps: Mapping[str, Callable[[], object]], done: Path) -> None:
    """Take each step that was not finished before; a step that is broken off and taken again adds nothing twice."""
    for number, (name, step) in enumerate(steps.items(), start=1):
        label = f"[{number}/{len(steps)}] {name}"
        if (done / name).exists():
            message(f"{label}: done before")
            continue
        message(label)
        began = time.monotonic()
        step()
        (done / name).touch()
        message(f"{label}: {time.monotonic() - began:.1f} s")
