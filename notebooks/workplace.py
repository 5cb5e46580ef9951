"""The home that the notebooks read: the one in YUJING_HOME, else a small simulated district in a new temporary folder."""

import os
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from features.intake.ingest import IngestRequest, ingest
from features.intake.source_file import find_source
from features.simulation.preset import Span
from features.simulation.presets import find_preset
from features.simulation.simulate import Order, simulate
from features.storage.home import Home
from serving.cli.workspace import Workspace

END = date(2026, 1, 1)
YEARS, SEED = 3, 1
CONFIG = "config.yaml"


def open_work() -> Workspace:
    """Open the home; that of `yujing demo` brings the configuration of its district along."""
    root = Path(os.environ["YUJING_HOME"]) if "YUJING_HOME" in os.environ else make_home(Path(tempfile.mkdtemp(prefix="yujing-")))
    config = root / "files" / CONFIG
    return Workspace(Home(root), config if config.exists() else None)


def make_home(root: Path) -> Path:
    """Simulate thirty grids and put their cases into the event log of a home."""
    files = root / "files"
    simulate(Order("tiny", find_preset("tiny"), Span.of_years(YEARS, END), SEED), files)
    work = Workspace(Home(root), files / CONFIG)
    source = find_source(str(files / "source.yaml"))
    ingest(
        work.home,
        work.settings,
        IngestRequest(files / "cases.csv", source, files / "grids.csv", files / "crosswalk.csv"),
        datetime.combine(END, datetime.min.time(), UTC),
    )
    return root
