"""Reading the event log back."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine

from features.errors import NotFoundError, StoreError
from features.eventlog.append import Batch, append_batch
from features.eventlog.feeds import FeedSpec, declare_feed
from features.eventlog.grids import store_crosswalk
from features.eventlog.read import log_state, read_log
from features.eventlog.snapshot import RECORD_SCHEMA, Feed
from features.storage.home import Home
from features.targets import Target, UnresolvedAfter

REPORTED = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 1, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_read_log_empty_has_all_columns(home: Home, engine: Engine) -> None:
    snapshot = read_log(home, engine)

    assert snapshot.records.schema == RECORD_SCHEMA
    assert (len(snapshot.records), snapshot.sequence, snapshot.feeds) == (0, 0, {})


def test_read_log_gives_every_record_in_order(home: Home, engine: Engine, make_cases) -> None:
    cases = make_cases({"resolved_at": LATER, "people_bucket": "3-4"}, {"grid_id": "g2", "self_found": False, "deadline_at": LATER})
    append_batch(engine, Batch("k1", "hotline", cases, [], 2))
    append_batch(engine, Batch("k2", "police", make_cases({"event_id": "c3"}), [], 1))
    records = read_log(home, engine).records

    assert records.schema == RECORD_SCHEMA
    columns = ["seq", "event_seq", "action", "at", "known_at", "feed", "grid_id", "people_bucket", "self_found", "deadline_at"]
    assert records.select(columns).rows() == [
        (1, 1, "reported", REPORTED, REPORTED, "hotline", "g1", "3-4", None, None),
        (2, 2, "reported", REPORTED, REPORTED, "hotline", "g2", None, False, LATER),
        (3, 1, "resolved", LATER, LATER, None, None, None, None, None),
        (4, 4, "reported", REPORTED, REPORTED, "police", "g1", None, None, None),
    ]


def test_read_log_through_an_earlier_number_is_the_log_of_then(home: Home, engine: Engine, make_cases) -> None:
    append_batch(engine, Batch("k1", "hotline", make_cases({}, {"resolved_at": LATER}), [], 2))
    then = read_log(home, engine)
    append_batch(engine, Batch("k2", "hotline", make_cases({"event_id": "c3", "known_at": LATER}), [], 1))
    again = read_log(home, engine, through=then.sequence)

    assert_frame_equal(again.records, then.records)
    assert (again.sequence, again.feeds) == (then.sequence, then.feeds)
    assert read_log(home, engine).feeds["hotline"].known_through == log_state(engine).known_through["hotline"] == LATER


def test_log_state_lost_table_is_told_in_one_line(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sequence RENAME TO lost")

    with pytest.raises(StoreError, match=r"must be open to reading, found: .*sequence"):
        log_state(engine)


@pytest.mark.parametrize("through", [-1, 3])
def test_read_log_beyond_the_log_is_refused(home: Home, engine: Engine, make_cases, through: int) -> None:
    append_batch(engine, Batch("k1", "hotline", make_cases({}, {}), [], 2))

    with pytest.raises(NotFoundError, match=f"at most 2, the last of the log, got {through}"):
        read_log(home, engine, through)


def test_read_log_knows_the_rules_and_targets_of_feeds_with_records(home: Home, engine: Engine, make_cases) -> None:
    rules = (UnresolvedAfter(action="escalated", when="unresolved_after", days=30),)
    targets = {"overdue": Target(transitions=("overdue",), horizon_days=7)}
    declare_feed(engine, "silent", FeedSpec())
    declare_feed(engine, "hotline", FeedSpec(rules=rules, targets=targets))
    append_batch(engine, Batch("k1", "hotline", make_cases({}), [], 1))

    assert read_log(home, engine).feeds == {"hotline": Feed("hotline", REPORTED, rules, targets)}


def test_read_log_knows_the_places(home: Home, engine: Engine) -> None:
    store_crosswalk(engine, pl.DataFrame({"old": "g0", "new": ["g1", "g2"], "share": [0.25, 0.75], "at": date(2026, 1, 1)}))
    snapshot = read_log(home, engine)

    assert snapshot.grids.select("grid_id", "parent_path", "lon").rows() == [("g1", "t1", None), ("g2", "t1", None), ("g3", "t1", None)]
    assert snapshot.crosswalk.rows() == [("g0", "g1", 0.25, date(2026, 1, 1)), ("g0", "g2", 0.75, date(2026, 1, 1))]
    assert snapshot.neighbours.is_empty()
