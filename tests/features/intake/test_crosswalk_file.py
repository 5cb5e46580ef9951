"""Crosswalk files: read whole or refused, and stored once however often they come."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.database.engine import database_url, open_database
from features.errors import InputRefusedError, UsageError
from features.eventlog.read import read_log
from features.intake.grid_files import read_crosswalk_file
from features.intake.ingest import IngestRequest, ingest
from features.settings import LogSettings
from features.storage.home import Home
from tests.features.intake.conftest import NOW

TODAY = date(2026, 6, 1)
SPLIT = ("old,g0,0.25,2026-05-01", "old,g1,0.75,2026-05-01")


def put(path: Path, *lines: str, header: str = "old,new,share,at") -> Path:
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_read_crosswalk_file_reads_pairs_with_share_and_day(ending: str, tmp_path: Path) -> None:
    path = put(tmp_path / "crosswalk.csv", *SPLIT)
    if ending == "parquet":
        pl.read_csv(path, try_parse_dates=True).write_parquet(path := tmp_path / "crosswalk.parquet")

    day = date(2026, 5, 1)
    assert [("old", "g0", 0.25, day), ("old", "g1", 0.75, day)] == read_crosswalk_file(path, TODAY).rows()


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        (",g2,0.5,2026-05-01", "ID_MISSING", "found none in row 3"),
        ("old,g1,0.5,2026-05-01", "ID_CONFLICT", "found it again in row 3"),
        ("other,g2,half,2026-05-01", "NUMBER_FORMAT", "share must be a number"),
        ("other,g2,1.5,2026-05-01", "NUMBER_RANGE", "share must lie above 0 and up to 1"),
        ("other,g2,0,2026-05-01", "NUMBER_RANGE", "share must lie above 0 and up to 1"),
        ("other,g2,1,May", "TIME_FORMAT", "at must be a day"),
    ],
)
def test_read_crosswalk_file_with_a_fault_is_refused_as_a_whole(line: str, code: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=sentence) as refused:
        read_crosswalk_file(put(tmp_path / "crosswalk.csv", *SPLIT, line), TODAY)

    assert code == refused.value.code


def test_read_crosswalk_file_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="lacks at, has old, new, share"):
        read_crosswalk_file(put(tmp_path / "crosswalk.csv", "a,b,1", header="old,new,share"), TODAY)
    with pytest.raises(UsageError, match="must be a readable file"):
        read_crosswalk_file(tmp_path / "none.csv", TODAY)


def test_read_crosswalk_file_grid_may_keep_its_code_swap_it_and_be_redrawn_again(tmp_path: Path) -> None:
    lines = ("a,a,0.6,2026-05-01", "a,b,0.4,2026-05-01", "b,c,1,2026/5/2", "c,b,1,2026-05-02")

    assert 4 == read_crosswalk_file(put(tmp_path / "crosswalk.csv", *lines), TODAY).height


@pytest.fixture
def grids(tmp_path: Path) -> Path:
    lines = [f"{name},{name},t1/c1,120.{place},30.{place}" for place, name in enumerate(["old", "g0", "g1"])]
    return put(tmp_path / "grids.csv", *lines, header="grid_id,name,parent_path,lon,lat")


def test_ingest_crosswalk_is_stored_once_and_closes_the_old_grid(
    home: Home, tmp_path: Path, grids: Path, write_cases: Callable[..., Path], case: Callable[..., str]
) -> None:
    """The same again adds nothing, and an ingest without the file keeps what is known."""
    before, after = case(1, grid_id="old", occurred_at="2026-04-01 08:00"), case(2, grid_id="old", occurred_at="2026-05-02 08:00")
    cases = write_cases([before, after])
    crosswalk = put(tmp_path / "crosswalk.csv", *SPLIT)

    reports = [ingest(home, LogSettings(), IngestRequest(cases, None, grids, given), NOW) for given in (crosswalk, crosswalk, None)]

    engine = open_database(database_url(home, LogSettings()))
    stored = read_log(home, engine).crosswalk
    engine.dispose()
    assert [("old", "g0", 0.25), ("old", "g1", 0.75)] == stored.select("old", "new", "share").rows()
    assert [(1, 0, 1, 1), (0, 1, 1, 1), (0, 1, 1, 0)] == [(one.accepted, one.duplicate, one.quarantined, one.redrawn) for one in reports]
    assert {"GRID_CLOSED": 1} == reports[0].by_code
