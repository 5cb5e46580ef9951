"""The made-up samples of records of the field go in with one command each, every row accounted for."""

from pathlib import Path

import pytest

from features.database.engine import database_url, open_database
from features.eventlog.read import read_log
from features.intake.source_file import find_source
from features.settings import LogSettings
from features.storage.home import Home

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "docs" / "samples" / "cn"
SOURCES = [ROOT / "configs" / "sources"]
ROWS = {"dispute_record": 4, "hotline_12345": 3, "department_hotline": 2, "governance_event": 3, "petition_record": 3}


def kept(home: Home) -> list[dict]:
    engine = open_database(database_url(home, LogSettings()))
    try:
        return read_log(home, engine).records.to_dicts()
    finally:
        engine.dispose()


def test_every_sample_has_a_source_file() -> None:
    assert {path.stem for path in SAMPLES.glob("*.csv")} == set(ROWS)
    assert {path.stem for path in (SOURCES[0] / "cn").glob("*.yaml")} == set(ROWS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_sample_is_read_without_a_refusal(name: str, take_in) -> None:
    report = take_in(SAMPLES / f"{name}.csv", find_source(name, SOURCES))

    assert (report.read, report.accepted, report.quarantined) == (ROWS[name], ROWS[name], 0)
    assert set(report.left_out) <= {"单位办件号"}


def test_hotline_order_under_two_systems_numbers_is_one_event(take_in, home: Home) -> None:
    for name in ("hotline_12345", "department_hotline"):
        report = take_in(SAMPLES / f"{name}.csv", find_source(name, SOURCES))
        assert report.quarantined == 0

    records = kept(home)
    opened = [record["seq"] for record in records if record["action"] == "reported"]
    closed = [record for record in records if record["action"] == "resolved"]
    assert len(opened) == 4
    assert len({record["event_seq"] for record in closed}) == 3


def test_dispute_record_is_read_in_the_project_s_words(take_in, home: Home) -> None:
    take_in(SAMPLES / "dispute_record.csv", find_source("dispute_record", SOURCES))
    cases = {(record["category"], record["people_bucket"], record["level"]) for record in kept(home) if record["action"] == "reported"}

    assert cases == {
        ("neighbor", "1-2", "community"),
        ("labor_wage", "10-29", "township"),
        ("land_acquisition", "5-9", None),
        ("other", "1-2", "community"),
    }
