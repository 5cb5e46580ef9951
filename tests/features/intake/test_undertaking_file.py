"""Files of undertakings: every row is accepted, a duplicate or refused, and a change is a new version."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features.database.engine import database_url, open_database, reading
from features.errors import InputRefusedError, UsageError
from features.eventlog.read import log_state, read_log
from features.eventlog.undertakings import current_undertakings
from features.intake.ingest import IngestReport, IngestRequest, ingest
from features.intake.undertaking_file import ingest_undertakings
from features.settings import LogSettings
from features.storage.home import Home
from tests.features.intake.conftest import NOW

FLAT = "undertaking_id,kind,sub_kind,places,public_at,start_at,end_at,name,assessed,heard,attention"
RIGHT = "p1,project,construction,g1,2026-01-05,2026-02-05,2026-08-05,North Road,yes,no,2"
GRIDS = "grid_id,name,parent_path,lon,lat\ng1,One,d/t1/c1,120,30\ng2,Two,d/t1/c1,120.01,30\ng3,Three,d/t2/c2,120.02,30\n"

TakeUndertakings = Callable[..., IngestReport]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return `put(*lines, header=FLAT)`, which writes a file."""

    def write(*lines: str, header: str = FLAT, name: str = "undertakings.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def with_grids(home: Home, tmp_path: Path, write_cases: Callable[..., Path], case: Callable[..., str]) -> Home:
    """Return a home that knows three grids."""
    (tmp_path / "grids.csv").write_text(GRIDS, encoding="utf-8")
    ingest(home, LogSettings(), IngestRequest(write_cases([case(1, grid_id="g1")]), grids=tmp_path / "grids.csv"), NOW)
    return home


@pytest.fixture
def take(with_grids: Home) -> TakeUndertakings:
    """Return `take(path, now=NOW)`."""
    return lambda path, now=NOW: ingest_undertakings(with_grids, LogSettings(), path, now)


def versions(home: Home) -> list[tuple]:
    engine = open_database(database_url(home, LogSettings()))
    frame = read_log(home, engine).undertakings
    engine.dispose()
    return frame.select("version", "kind", "sub_kind", "places", "public_at", "start_at", "end_at", "known_at").rows()


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.read, report.accepted, report.duplicate, report.quarantined


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def test_ingest_undertakings_first_version_is_known_on_its_public_day(take: TakeUndertakings, put, with_grids: Home) -> None:
    report = take(put(RIGHT, "c1,campaign,screening,,2026-03-01,2026-03-01,2026-03-29,,,,"))

    assert counts(report) == (2, 2, 0, 0)
    known = {row[1]: row[-1] for row in versions(with_grids)}
    assert known == {"project": midnight(2026, 1, 5), "campaign": midnight(2026, 3, 1)}


def test_ingest_undertakings_again_adds_nothing(take: TakeUndertakings, put, with_grids: Home) -> None:
    path = put(RIGHT)
    take(path)

    assert counts(take(path, NOW + timedelta(days=1))) == (1, 0, 1, 0)
    assert len(versions(with_grids)) == 1


def test_ingest_undertakings_changed_row_is_a_version_known_now(take: TakeUndertakings, put, with_grids: Home) -> None:
    take(put(RIGHT))
    later = NOW + timedelta(days=3)
    report = take(put(RIGHT.replace("2026-08-05", "2026-12-05")), later)

    assert counts(report) == (1, 1, 0, 0)
    first, second = versions(with_grids)
    assert (first[0], str(first[6]), first[-1]) == (1, "2026-08-05", midnight(2026, 1, 5))
    assert (second[0], str(second[6]), second[-1]) == (2, "2026-12-05", later)


def test_ingest_undertakings_old_file_does_not_undo_a_change(take: TakeUndertakings, put, with_grids: Home) -> None:
    take(put(RIGHT))
    take(put(RIGHT.replace("2026-08-05", "2026-12-05")))

    assert counts(take(put(RIGHT))) == (1, 0, 1, 0)
    assert len(versions(with_grids)) == 2


WRONG = (
    ({0: ""}, "undertaking_id", "ID_MISSING"),
    ({0: "x" * 65}, "undertaking_id", "ID_FORMAT"),
    ({1: "plan"}, "kind", "TYPE_UNKNOWN"),
    ({2: "fire"}, "sub_kind", "CATEGORY_UNKNOWN"),
    ({3: "g9"}, "places", "GRID_UNKNOWN"),
    ({3: "g1;d/t9"}, "places", "GRID_UNKNOWN"),
    ({3: ";"}, "places", "GRID_UNKNOWN"),
    ({4: ""}, "public_at", "TIME_MISSING"),
    ({5: "soon"}, "start_at", "TIME_FORMAT"),
    ({6: "2026-02-05"}, "end_at", "TIME_ORDER"),
    ({7: "居民王建国反映"}, "name", "PERSON_NAME"),
    ({7: "x" * 61}, "name", "CELL_TOO_LONG"),
    ({8: "perhaps"}, "assessed", "NUMBER_FORMAT"),
    ({10: "5"}, "attention", "NUMBER_RANGE"),
    ({10: "more"}, "attention", "NUMBER_FORMAT"),
)
"""Cells that spoil a right row, and what is said of it."""


def test_ingest_undertakings_row_with_a_fault_is_refused_alone(take: TakeUndertakings, put, with_grids: Home) -> None:
    right = RIGHT.split(",")
    spoilt = [[cells.get(place, cell) for place, cell in enumerate(["p2", *right[1:]])] for cells, *_ in WRONG]
    report = take(put(RIGHT, *map(",".join, spoilt)))

    assert counts(report) == (len(WRONG) + 1, 1, 0, len(WRONG))
    assert report.refused is not None
    listed = [line.split(",")[:3] for line in report.refused.read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert listed == [[str(number), field, code] for number, (_, field, code) in enumerate(WRONG, start=2)]
    assert len(versions(with_grids)) == 1


def test_ingest_undertakings_row_that_contradicts_the_file_is_refused(take: TakeUndertakings, put) -> None:
    report = take(put(RIGHT, RIGHT, RIGHT.replace("g1", "g2")))

    assert counts(report) == (3, 1, 1, 1)
    assert report.by_code == {"ID_CONFLICT": 1}


def test_ingest_undertakings_places_may_be_areas_and_lists(take: TakeUndertakings, put, with_grids: Home) -> None:
    take(put(RIGHT.replace("g1", "g3；d/t1;g3"), RIGHT.replace("p1", "p2").replace("g1", "")))

    assert {row[3] for row in versions(with_grids)} == {"d/t1;g3", ""}


def test_ingest_undertakings_reads_the_simulator_s_files_as_they_are(take: TakeUndertakings, put, with_grids: Home) -> None:
    projects = put(
        "990101-P1,g1,construction,2026-01-05,2026-02-05,2026-08-05", header="project_id,grid_id,kind,public_notice_at,start_at,end_at"
    )
    assert counts(take(projects)) == (1, 1, 0, 0)
    periods = put("national_day,2026-09-28,2026-10-08,district", "national_day,2025-09-28,2025-10-08,d/t1", header="name,start,end,scope")
    assert counts(take(periods)) == (2, 2, 0, 0)

    assert sorted(row[1:6] for row in versions(with_grids)) == sorted(
        [
            ("project", "construction", "g1", date(2026, 1, 5), date(2026, 2, 5)),
            ("period", "national_day", "", date(2025, 9, 28), date(2026, 9, 28)),
            ("period", "national_day", "d/t1", date(2024, 9, 28), date(2025, 9, 28)),
        ]
    )


EFFORT = "grid_id,week,visits,screening_campaign,active_reporters"


def test_ingest_undertakings_screening_weeks_become_campaigns(take: TakeUndertakings, put, with_grids: Home) -> None:
    weeks = [f"{grid},2026-03-{day:02},4,{flag},3" for grid in ("g1", "g2") for day, flag in ((2, "true"), (9, "true"), (16, "false"))]
    report = take(put(*weeks, "g3,2026-03-02,2,false,1", "g3,2026-03-09,2,true,1", header=EFFORT))

    assert counts(report) == (8, 8, 0, 0)
    days = [(row[1], row[3], str(row[5]), str(row[6])) for row in versions(with_grids)]
    assert sorted(days) == [("campaign", "g1;g2", "2026-03-02", "2026-03-16"), ("campaign", "g3", "2026-03-09", "2026-03-16")]


def test_ingest_undertakings_campaign_of_all_grids_covers_everything(take: TakeUndertakings, put, with_grids: Home) -> None:
    take(put(*(f"{grid},2026-03-02,4,true,3" for grid in ("g1", "g2")), header=EFFORT))

    assert [row[3] for row in versions(with_grids)] == [""]


def test_ingest_undertakings_effort_again_is_a_duplicate_and_another_number_a_conflict(take: TakeUndertakings, put) -> None:
    take(put("g1,2026-03-02,4,false,3", header=EFFORT))
    report = take(put("g1,2026-03-02,4,false,3", "g1,2026-03-09,4,false,3", "g1,2026-03-02,4,false,3", header=EFFORT))
    changed = take(put("g1,2026-03-02,5,false,3", header=EFFORT))

    assert counts(report) == (3, 1, 1, 1)
    assert (counts(changed), changed.by_code) == ((1, 0, 0, 1), {"ID_CONFLICT": 1})


def test_ingest_undertakings_visits_are_read_with_the_log_up_to_their_number(take: TakeUndertakings, put, with_grids: Home) -> None:
    take(put("g1,2026-01-05,3,false,4", "g2,2026-01-05,0,false,4", header=EFFORT))
    engine = open_database(database_url(with_grids, LogSettings()))
    last = log_state(engine).sequence
    now, before = (read_log(with_grids, engine, through).effort for through in (last, last - 1))
    engine.dispose()

    assert [("g1", date(2026, 1, 5), 3), ("g2", date(2026, 1, 5), 0)] == now.sort("grid_id").rows()
    assert before.is_empty()


def test_ingest_undertakings_unknown_columns_are_refused(take: TakeUndertakings, put) -> None:
    with pytest.raises(InputRefusedError, match="needs the columns undertaking_id, kind") as refused:
        take(put("1,2", header="one,two"))

    assert refused.value.code == "FILE_HEADER"


def test_ingest_undertakings_without_grids_says_what_to_do(home: Home, put) -> None:
    with pytest.raises(UsageError, match="need the grids they lie in"):
        ingest_undertakings(home, LogSettings(), put(RIGHT), NOW)


def test_current_undertakings_are_the_newest_versions(take: TakeUndertakings, put, with_grids: Home) -> None:
    take(put(RIGHT))
    take(put(RIGHT.replace("North", "South")))
    engine = open_database(database_url(with_grids, LogSettings()))
    with reading(engine) as connection:
        names = [one.name for one in current_undertakings(connection)]
    engine.dispose()

    assert names == ["South Road"]
