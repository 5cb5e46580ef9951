"""The home folder: one place that knows where everything lives, and how much disk must stay free."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from features.errors import StoreError

_QUOTED = str.maketrans({"%": "%25", "?": "%3F", "#": "%23"})

MIN_SHARE, MIN_BYTES = 0.05, 1024**3
"""The larger of the two must be free."""


def sqlite_url(path: Path) -> str:
    """Return the address of a SQLite file, whatever characters its path has.

    Only characters that mean something in an address are quoted: MLflow makes a folder of the rest as it stands.

    >>> sqlite_url(Path("/data%20set/数据/a?b.db"))
    'sqlite:////data%2520set/数据/a%3Fb.db'
    """
    return f"sqlite:///{str(path).translate(_QUOTED)}"


@dataclass(frozen=True)
class Home:
    """Paths below one home folder; nothing is created until a writer asks for it."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings of this home, read where no other file is named."""
        return self.root / "config.yaml"

    @property
    def database(self) -> Path:
        """The default event log: SQLite inside the home."""
        return self.root / "yujing.db"

    @property
    def database_url(self) -> str:
        """The URL of that file."""
        return sqlite_url(self.database)

    @property
    def segments(self) -> Path:
        """Columnar copy of the event log, rebuilt at any time."""
        return self.root / "segments"

    @property
    def facts(self) -> Path:
        """Facts by target, made from the event log at any time."""
        return self.root / "facts"

    @property
    def quarantine(self) -> Path:
        """Reports of refused rows: numbers and codes, never values."""
        return self.root / "quarantine"

    @property
    def uploads(self) -> Path:
        """Files that somebody is taking in on the pages, each for half an hour at most."""
        return self.root / "uploads"

    @property
    def sources(self) -> Path:
        """Source files that were made on the pages."""
        return self.root / "sources"

    @property
    def keys(self) -> Path:
        """Keys of this deployment, readable by their owner only."""
        return self.root / "keys"

    @property
    def published(self) -> Path:
        """Champions as verified folders named by their hash."""
        return self.root / "published"

    @property
    def tracking_url(self) -> str:
        """MLflow's store of runs and models."""
        return sqlite_url(self.tracking)

    @property
    def artifacts(self) -> Path:
        """MLflow's files."""
        return self.root / "mlartifacts"

    @property
    def search_url(self) -> str:
        """Settings that were tried, so that a search can be taken up again."""
        return sqlite_url(self.root / "search.db")

    @property
    def backtests(self) -> Path:
        """Plots of the last backtest of each target."""
        return self.root / "backtests"

    @property
    def monitoring(self) -> Path:
        """Findings of the last look at each target."""
        return self.root / "monitoring"

    @property
    def reports(self) -> Path:
        """Situation analyses of months and quarters."""
        return self.root / "reports"

    @property
    def archive(self) -> Path:
        """Sealed Parquet files of lists that were moved out of the database."""
        return self.root / "archive"

    @property
    def maps(self) -> Path:
        """Polygons as they are drawn, made from the grid table at any time."""
        return self.root / "maps"

    @property
    def tracking(self) -> Path:
        """MLflow's database, where no server keeps it."""
        return self.root / "mlflow.db"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints of both chains: beside the home, so that whoever replaces the home leaves them behind."""
        root = self.root.resolve()
        return root.with_name(f"{root.name}.checkpoints")

    def folder(self, path: Path) -> Path:
        """Create a folder of this home, readable by its owner only, and return it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


def check_free_disk(home: Home) -> int:
    """Return the free bytes of the disk that a home lies on.

    Raises:
        StoreError: they are too few.
    """
    usage = shutil.disk_usage(home.folder(home.root))
    needed = max(int(usage.total * MIN_SHARE), MIN_BYTES)
    if usage.free < needed:
        raise StoreError(f"{needed >> 20} MiB of disk must be free, found {usage.free >> 20}. Make room; until then nothing is published.")
    return usage.free
