"""Two real logs: every row is accounted for, and a second run adds nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.intake.ingest import IngestReport
from features.intake.source_file import find_source

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
SOURCES = ROOT / "configs" / "sources"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real logs (../shared/data) are not here")


@pytest.mark.parametrize(
    ("name", "file", "rows", "refused"),
    [
        pytest.param("nyc_council", "nyc_council_complaints.csv.gz", 341_194, {}, marks=pytest.mark.full),
        ("boston_311", "boston_311_2015.csv.gz", 121_145, {"GRID_UNKNOWN": 11_340, "TIME_AMBIGUOUS": 1}),
    ],
)
def test_ingest_real_file_accounts_for_every_row(
    name: str, file: str, rows: int, refused: dict[str, int], take_in: Callable[..., IngestReport]
) -> None:
    source, now = find_source(name, [SOURCES]), datetime(2026, 6, 1, tzinfo=UTC)

    first = take_in(DATA / file, source, now=now)
    second = take_in(DATA / file, source, now=now)

    assert (first.read, first.accepted, first.duplicate, first.by_code) == (rows, rows - sum(refused.values()), 0, refused)
    assert (second.read, second.accepted, second.duplicate, second.by_code) == (rows, 0, first.accepted, refused)
