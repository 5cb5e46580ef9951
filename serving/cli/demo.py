"""`yujing demo`: the whole way on a made-up district, from a case file to a list that is served."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from features.home import Home
from serving.cli.ingest import ingest
from serving.cli.models import promote_model
from serving.cli.output import message
from serving.cli.rank import rank
from serving.cli.serve import serve
from serving.cli.train import train
from serving.cli.workspace import Workspace

Seed = Annotated[int, typer.Option("--seed", help="Another number makes another district.")]
Serve = Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the list at the end.")]

DAYS = 730
GRIDS = 40
TOP = 10
REASON = "demo: published to be looked at, whatever the gate says"


def demo(work: Workspace, *, seed: Seed = 1, with_server: Serve = True) -> None:
    """Make up a small district and run it the whole way."""
    today = datetime.now(work.settings.tz).date()
    place = Workspace(Home(work.home.root / f"demo-{today}-{seed}"), work.config)
    message(f"Everything of this demo lives in {place.home.root}; no event in it ever happened.")
    cases, grids = _write_sample(place, today, seed)
    steps: dict[str, Callable[[], None]] = {
        "ingest": lambda: ingest(place, files=[cases], grids=grids),
        "backtest and train": lambda: train(place),
        "promote": lambda: promote_model(place, reason=REASON, by="demo", override=True),
        "rank": lambda: rank(place, as_of=today, top=TOP),
    }
    for number, (name, step) in enumerate(steps.items(), start=1):
        message(f"[{number}/{len(steps)}] {name}")
        step()
    message(f"To look around: export YUJING_HOME={place.home.root}")
    if with_server:
        serve(place)


def _write_sample(work: Workspace, today: date, seed: int) -> tuple[Path, Path]:
    """Write a case file and a grid file whose last day is yesterday."""
    import numpy as np

    from serving.cli.sample import make_sample

    sample = make_sample(today - timedelta(days=1), DAYS, GRIDS, np.random.default_rng(seed))
    folder = work.home.folder(work.home.root / "sample")
    sample.cases.write_csv(folder / "cases.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    sample.grids.write_csv(folder / "grids.csv")
    return folder / "cases.csv", folder / "grids.csv"
