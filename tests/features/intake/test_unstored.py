"""Cases of a file as a log of their own."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine

from features.database.engine import writing
from features.errors import InputRefusedError, NotFoundError
from features.eventlog.append import Moment
from features.eventlog.covariates import COVARIATE_SCHEMA, append_covariates
from features.eventlog.feeds import FeedSpec, advance_feed, declare_feed
from features.intake.quarantine import Code
from features.intake.unstored import UnstoredCases, UnstoredFile, feed_spec, read_unstored, snapshot_of_cases
from features.schema import Col
from features.settings import LogSettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_snapshot_of_cases_has_the_covariates_of_the_log_and_the_records_of_the_file_alone(engine, make_cases):
    rain = pl.DataFrame([("rain", "", date(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC), 4.0)], COVARIATE_SCHEMA, orient="row")
    with writing(engine) as connection:
        append_covariates(connection, rain)
    paths = pl.DataFrame(schema={Col.GRID_ID: pl.String(), Col.PARENT_PATH: pl.String()})

    snapshot, _ = snapshot_of_cases(engine, UnstoredCases(make_cases({}), paths, "feed", FeedSpec(), Moment(NOW, "UTC")))

    assert_frame_equal(rain, snapshot.covariates)
    assert 1 == len(snapshot.records) == snapshot.sequence


HEADER = "event_id,grid_id,event_type,category,occurred_at,reported_at,resolved_at"
LINE = "c1,g1,dispute,neighbor,2026-01-01 08:00,2026-01-02 08:00,"
SPEC = FeedSpec(categories=("noise",), bursts="join")


def complete(engine: Engine, *names: str) -> None:
    """Declare feeds that have records."""
    for name in names:
        declare_feed(engine, name, SPEC)
        with writing(engine) as connection:
            advance_feed(connection, name, NOW)


@pytest.mark.parametrize(
    ("stored", "named", "expected"),
    [
        ((), None, ("cases", FeedSpec(bursts="join"))),
        (("ledger",), None, ("ledger", SPEC)),
        (("ledger", "hotline"), None, ("cases", FeedSpec(bursts="join"))),
        (("ledger", "hotline"), "hotline", ("hotline", SPEC)),
    ],
    ids=["none", "the only one", "several", "named"],
)
def test_feed_spec_is_that_of_the_named_or_only_feed(
    stored: tuple[str, ...], named: str | None, expected: tuple[str, FeedSpec], engine: Engine
) -> None:
    complete(engine, *stored)

    assert expected == feed_spec(engine, named)


@pytest.mark.parametrize(("stored", "known"), [((), "none yet"), (("ledger", "hotline"), "hotline, ledger")])
def test_feed_spec_of_another_feed_names_the_known_ones(stored: tuple[str, ...], known: str, engine: Engine) -> None:
    complete(engine, *stored)
    with pytest.raises(NotFoundError, match=rf"source must be one of {known}, found another one\. Name one that was ingested"):
        feed_spec(engine, "gone")


def test_feed_spec_feed_without_records_does_not_count(engine: Engine) -> None:
    declare_feed(engine, "empty", SPEC)
    complete(engine, "ledger")

    assert "ledger" == feed_spec(engine, None)[0]


def read(engine: Engine, folder: Path, *lines: str, name: str = "cases.csv", spec: FeedSpec = SPEC) -> UnstoredFile:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
    return read_unstored(path, ("ledger", spec), engine, LogSettings(), NOW)


def test_read_unstored_accounts_for_every_row(engine: Engine, tmp_path: Path) -> None:
    lines = (LINE, LINE, LINE.replace("dispute", "hazard"), LINE.replace("neighbor", "quarrel").replace("c1", "c2"), "合计,,2,,,,")
    found = read(engine, tmp_path, *lines)

    assert (4, 1, 1) == (found.read, found.accepted, found.duplicate)
    assert [(3, "event_id", Code.ID_CONFLICT), (4, "category", Code.CATEGORY_UNKNOWN)] == [
        (one.row_number, one.field, one.code) for one in found.refusals
    ]


def test_read_unstored_categories_of_the_feed_are_known(engine: Engine, tmp_path: Path) -> None:
    line = LINE.replace("neighbor", "noise")

    assert (1, 0) == tuple(read(engine, tmp_path, line, spec=spec).accepted for spec in (SPEC, FeedSpec()))


def test_read_unstored_grid_that_nobody_registered_is_there(engine: Engine, tmp_path: Path) -> None:
    snapshot = read(engine, tmp_path, LINE.replace("g1", "330483101001005")).snapshot

    assert ("330483101001005", "330483/330483101/330483101001") in snapshot.grids.select("grid_id", "parent_path").rows()


def test_read_unstored_transitions_are_numbered_after_all_cases(engine: Engine, tmp_path: Path) -> None:
    second = LINE.replace("c1", "c2") + "2026-01-05 08:00"
    records = read(engine, tmp_path, LINE + "2026-01-04 08:00", second).snapshot.records
    numbered = records.select("seq", "event_seq", "action").rows()

    assert [(1, 1, "reported"), (2, 2, "reported"), (3, 1, "resolved"), (4, 2, "resolved")] == numbered


def test_read_unstored_stores_nothing(engine: Engine, tmp_path: Path) -> None:
    read(engine, tmp_path, LINE)

    assert ("cases", FeedSpec(bursts="join")) == feed_spec(engine, None)


def test_read_unstored_ids_are_others_each_time(engine: Engine, tmp_path: Path) -> None:
    rows = [read(engine, tmp_path, LINE.replace("neighbor", "quarrel")).refusals[0].row_hash for _ in range(2)]

    assert rows[0] != rows[1]


def test_read_unstored_file_whose_name_identifies_a_person_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="the name of a file may not identify a person"):
        read(engine, tmp_path, LINE, name="13812345678.csv")
