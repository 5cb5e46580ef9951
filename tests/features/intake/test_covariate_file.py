"""Files of covariates: every row is accepted, a duplicate or refused, and a number keeps the moment from which it was known."""

from datetime import UTC, datetime

import pytest

from features.database.engine import database_url, open_database
from features.errors import InputRefusedError, UsageError
from features.eventlog.read import read_log
from features.intake.covariate_file import ingest_covariates
from features.intake.ingest import IngestRequest, ingest
from features.settings import LogSettings
from tests.features.intake.conftest import NOW

HEADER = "grid_id,day,known_at,rain_mm,vacancy"
FIRST = "g1,2026-01-01,2026-01-02,3.5,0.25"
GRIDS = "grid_id,name,parent_path,lon,lat\ng1,One,d/t1/c1,120,30\ng2,Two,d/t1/c1,120.01,30\n"


@pytest.fixture
def place(home, tmp_path, write_cases, case):
    """Return a home that knows two grids."""
    (tmp_path / "grids.csv").write_text(GRIDS, encoding="utf-8")
    ingest(home, LogSettings(), IngestRequest(write_cases([case(1, grid_id="g1")]), grids=tmp_path / "grids.csv"), NOW)
    return home


@pytest.fixture
def take(place, tmp_path):
    """Return `take(*lines, header=HEADER)`, which ingests a file and returns its counts and reasons."""

    def ingest_lines(*lines, header=HEADER):
        path = tmp_path / "covariates.csv"
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        report = ingest_covariates(place, LogSettings(), path, NOW)
        return (report.read, report.accepted, report.duplicate, report.quarantined), dict(report.by_code)

    return ingest_lines


def stored(home, through=None):
    engine = open_database(database_url(home, LogSettings()))
    frame = read_log(home, engine, through).covariates
    engine.dispose()
    return frame.rows()


def test_numbers_are_stored_with_the_moment_they_were_known(take, place):
    counts, faults = take(FIRST, "g2,2026-01-01,2026-01-02T08:00:00+08:00,,0.5")

    known = datetime(2026, 1, 1, 16, tzinfo=UTC)
    assert ((2, 2, 0, 0), {}) == (counts, faults)
    assert [
        ("rain_mm", "g1", datetime(2026, 1, 1).date(), known, 3.5),  # noqa: DTZ001 - a plain date
        ("vacancy", "g1", datetime(2026, 1, 1).date(), known, 0.25),  # noqa: DTZ001
        ("vacancy", "g2", datetime(2026, 1, 1).date(), known.replace(day=2, hour=0), 0.5),  # noqa: DTZ001
    ] == stored(place)


def test_same_again_adds_nothing_and_another_number_for_it_is_refused(take, place):
    take(FIRST)
    before = stored(place)

    assert ((1, 0, 1, 0), {}) == take(FIRST)
    assert ((1, 0, 0, 1), {"ID_CONFLICT": 1}) == take(FIRST.replace("3.5", "4.5"))
    assert before == stored(place)


def test_corrected_number_needs_a_later_moment(take, place):
    take(FIRST)

    assert ((1, 1, 0, 0), {}) == take("g1,2026-01-01,2026-01-09,4.5,0.25")
    assert [3.5, 4.5] == [row[-1] for row in stored(place) if row[0] == "rain_mm"]


def test_log_read_up_to_an_earlier_number_holds_no_later_covariates(take, place):
    assert [] == stored(place, 0)
    take(FIRST)
    first = len(stored(place))
    sequence = _sequence(place)
    take("g2,2026-01-01,2026-01-02,1,1")

    assert first == len(stored(place, sequence))
    assert first + 2 == len(stored(place))


def _sequence(home):
    engine = open_database(database_url(home, LogSettings()))
    sequence = read_log(home, engine).sequence
    engine.dispose()
    return sequence


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("g9,2026-01-01,2026-01-02,1,1", "GRID_UNKNOWN"),
        ("g1,2026-01-01,,1,1", "TIME_MISSING"),
        ("g1,,2026-01-02,1,1", "TIME_MISSING"),
        ("g1,2026-01-01,never,1,1", "TIME_FORMAT"),
        ("g1,2026-01-01,2099-01-01,1,1", "TIME_FUTURE"),
        ("g1,2026-01-01,2026-01-02,much,1", "NUMBER_FORMAT"),
        ("g1,2026-01-01,2026-01-02,nan,1", "NUMBER_FORMAT"),
        ("g1,2026-01-01,2026-01-02,1e300,1", "NUMBER_RANGE"),
    ],
)
def test_row_that_cannot_be_read_is_refused_with_its_reason(take, place, line, fault):
    assert ((2, 1, 0, 1), {fault: 1}) == take(line, FIRST)
    assert 2 == len(stored(place))


def test_row_said_twice_is_refused_once(take):
    assert ((2, 1, 0, 1), {"ID_CONFLICT": 1}) == take(FIRST, FIRST.replace("3.5", "9"))


def test_weeks_and_rows_for_every_grid_are_taken(take, place):
    assert ((1, 1, 0, 0), {}) == take(",2026-01-05,2026-01-12,7", header="grid_id,week,known_at,rain_mm")
    assert [("rain_mm", "")] == [row[:2] for row in stored(place)]


@pytest.mark.parametrize(
    "header", ["grid_id,day,rain_mm", "grid_id,known_at,rain_mm", "grid_id,day,known_at", "grid_id,day,known_at,Rain (mm)"]
)
def test_header_that_does_not_fit_says_what_is_needed(take, header):
    with pytest.raises(InputRefusedError, match=r"needs|must have names"):
        take("g1" + "," * header.count(","), header=header)


def test_without_grids_it_says_what_to_do(home, tmp_path):
    (tmp_path / "covariates.csv").write_text(f"{HEADER}\n{FIRST}\n", encoding="utf-8")

    with pytest.raises(UsageError, match="Run `yujing ingest FILE --grids GRIDS` first"):
        ingest_covariates(home, LogSettings(), tmp_path / "covariates.csv", NOW)
