"""A home, files to take in, and what an ingest needs beside them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.intake.ingest import IngestReport, IngestRequest, ingest
from features.intake.source_file import SourceFile
from features.settings import LogSettings
from features.storage.home import Home

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = "event_id,grid_id,event_type,category,occurred_at,reported_at,resolved_at,people,source,level,self_found,note"

TakeIn = Callable[..., IngestReport]
WriteCases = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, settings_name_the_database: None) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def take_in(home: Home) -> TakeIn:
    """Return `take_in(path, source=None, grids=None, now=NOW)`."""

    def run(path: Path | None, source: SourceFile | None = None, grids: Path | None = None, now: datetime = NOW) -> IngestReport:
        return ingest(home, LogSettings(), IngestRequest(path, source, grids), now)

    return run


@pytest.fixture
def write_cases(tmp_path: Path) -> WriteCases:
    """Return `write_cases(lines, name="cases.csv", header=HEADER)`, which writes a flat case file."""

    def write(lines: Iterable[str], name: str = "cases.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def case() -> Callable[..., str]:
    """Return `case(number, **cells)`: one line of a flat case file, right unless a cell says otherwise."""

    def line(number: int, **cells: str) -> str:
        right = {
            "event_id": f"c{number}",
            "grid_id": f"g{number % 7}",
            "event_type": "dispute",
            "category": "neighbor",
            "occurred_at": f"2026-05-{number % 28 + 1:02d} 09:00:00",
            "reported_at": f"2026-05-{number % 28 + 1:02d} 10:00:00",
            "people": str(number % 9 + 1),
            "source": "hotline",
            "level": "community",
            "self_found": "false",
        }
        return ",".join((right | cells).get(name, "") for name in HEADER.split(","))

    return line
