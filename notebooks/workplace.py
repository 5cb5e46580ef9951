"""The home that the notebooks read: the one in YUJING_HOME, else a small simulated district in a new temporary folder."""

import os
import shutil
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

from features.days import to_date
from features.intake.ingest import IngestRequest, ingest
from features.intake.source_file import find_source
from features.simulation.preset import Span
from features.simulation.simulate import Order, find_preset, simulate
from features.storage.home import Home
from serving.cli.models import promote_model, train_and_show
from serving.cli.workspace import Workspace
from serving.scoring.daily_run import rank
from training.registry.published import history

END = date(2026, 1, 1)
YEARS, SEED = 3, 1
CONFIG = "config.yaml"


def open_work(root: Path | None = None) -> Workspace:
    """Open a home; that of `yujing demo` brings the configuration of its district along."""
    if root is None:
        root = Path(os.environ["YUJING_HOME"]) if "YUJING_HOME" in os.environ else make_home(Path(tempfile.mkdtemp(prefix="yujing-")))
    config = root / "files" / CONFIG
    return Workspace(Home(root), config if config.exists() else None)


def open_published() -> Workspace:
    """Open the home; one in which nothing was published yet trains a model and publishes the list of the day after its last record."""
    work = open_work()
    if not history(work.engine):
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            train_and_show(work, work.settings.model)
            promote_model(work, reason="for the notebooks", by="notebook", override=True)
            facts, _ = work.facts()
            rank(work.home, work.engine, work.settings, to_date(facts.known_through_day + 1), datetime.now(UTC))
    return work


def make_home(root: Path) -> Path:
    """Simulate thirty grids and put their cases into the event log of a home, with the configuration of their district."""
    files = root / "files"
    simulate(Order("tiny", find_preset("tiny"), Span.of_years(YEARS, END), SEED), files)
    shutil.copyfile(files / CONFIG, Home(root).config)
    work = Workspace(Home(root), None)
    source = find_source(str(files / "source.yaml"))
    ingest(
        work.home,
        work.settings,
        IngestRequest(files / "cases.csv", source, files / "grids.csv", files / "crosswalk.csv"),
        datetime.combine(END, datetime.min.time(), UTC),
    )
    return root
