"""Appending a batch to the event log."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine, select

from features.database.tables import batch, event, event_transition, quarantine, sequence
from features.errors import StoreError
from features.eventlog.append import Batch, BatchCounts, Moment, append_batch
from features.eventlog.feeds import FeedSpec, declare_feed
from features.eventlog.read import log_state
from features.targets import Target

REPORTED = datetime(2026, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 9, tzinfo=UTC)
ATTEMPTS = 20


def send(engine: Engine, key: str, cases: pl.DataFrame, *refused: tuple[int, str, str, str]) -> BatchCounts:
    return append_batch(engine, Batch(key, "hotline", cases, refused, len(cases) + len(refused)))


def rows(engine: Engine, *columns) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(columns[0]))]


def test_append_batch_new_cases_are_stored_with_their_transitions(engine: Engine, make_cases) -> None:
    counts = send(engine, "k1", make_cases({"resolved_at": LATER, "accepted_at": REPORTED}, {"grid_id": "g2", "self_found": True}))

    assert counts == BatchCounts(read=2, accepted=2, duplicate=0, quarantined=0)
    assert rows(engine, event.c.seq, event.c.event_id, event.c.grid_id, event.c.known_at, event.c.self_found) == [
        (1, "c1", "g1", REPORTED, None),
        (2, "c2", "g2", REPORTED, True),
    ]
    assert rows(engine, event_transition.c.seq, event_transition.c.event_seq, event_transition.c.action, event_transition.c.at) == [
        (3, 1, "accepted", REPORTED),
        (4, 1, "resolved", LATER),
    ]


def test_append_batch_same_key_gives_the_first_answer_and_stores_nothing(engine: Engine, make_cases) -> None:
    conflict = {"event_id": "c1", "event_type": "other"}
    first = send(engine, "k1", make_cases({}, {}, conflict), (4, "grid_id", "GRID_UNKNOWN", "h4"))
    stored = rows(engine, event.c.seq), rows(engine, quarantine.c.row_number), rows(engine, batch.c.id), rows(engine, sequence.c.last)
    again = send(engine, "k1", make_cases({}, {}, conflict), (4, "grid_id", "GRID_UNKNOWN", "h4"))

    conflicts = ((3, "event_id", "ID_CONFLICT", "h3"),)
    assert first == BatchCounts(read=4, accepted=2, duplicate=0, quarantined=2, conflicts=conflicts)
    assert again == BatchCounts(read=4, accepted=0, duplicate=2, quarantined=2, conflicts=conflicts)
    assert (
        rows(engine, event.c.seq),
        rows(engine, quarantine.c.row_number),
        rows(engine, batch.c.id),
        rows(engine, sequence.c.last),
    ) == stored


def test_append_batch_known_case_without_news_is_a_duplicate(engine: Engine, make_cases) -> None:
    send(engine, "k1", make_cases({"resolved_at": LATER}))
    counts = send(engine, "k2", make_cases({"resolved_at": LATER}, {"event_id": "c1"}))

    assert BatchCounts(read=2, accepted=0, duplicate=2, quarantined=0, vanished=1) == counts
    assert rows(engine, sequence.c.last) == [(2,)]


def test_append_batch_known_case_with_news_gets_the_new_transitions_only(engine: Engine, make_cases) -> None:
    send(engine, "k1", make_cases({"accepted_at": REPORTED}))
    counts = send(engine, "k2", make_cases({"accepted_at": REPORTED, "resolved_at": LATER}))

    assert counts == BatchCounts(read=1, accepted=1, duplicate=0, quarantined=0)
    assert rows(engine, event_transition.c.seq, event_transition.c.event_seq, event_transition.c.action) == [
        (2, 1, "accepted"),
        (3, 1, "resolved"),
    ]


@pytest.mark.parametrize(
    "change", [{"event_type": "hazard"}, {"occurred_at": REPORTED}, {"reported_at": LATER}, {"grid_id": "g2", "reported_at": LATER}]
)
def test_append_batch_known_case_of_another_type_or_time_is_a_conflict(engine: Engine, make_cases, change: dict[str, object]) -> None:
    send(engine, "k1", make_cases({}))
    counts = send(engine, "k2", make_cases({**change, "resolved_at": LATER}))

    assert counts == BatchCounts(read=1, accepted=0, duplicate=0, quarantined=1, conflicts=((1, "event_id", "ID_CONFLICT", "h1"),))
    assert rows(engine, quarantine.c.batch_id, quarantine.c.row_number, quarantine.c.field, quarantine.c.code, quarantine.c.row_hash) == [
        (2, 1, "event_id", "ID_CONFLICT", "h1")
    ]
    assert rows(engine, event_transition.c.seq) == []


def test_append_batch_repetition_inside_a_batch_is_judged_by_its_first_row(engine: Engine, make_cases) -> None:
    same, news, conflict = {"event_id": "c1"}, {"event_id": "c1", "resolved_at": LATER}, {"event_id": "c1", "event_type": "other"}
    counts = send(engine, "k1", make_cases({}, same, news, news, conflict))

    assert (counts.accepted, counts.duplicate, counts.quarantined) == (2, 2, 1)
    assert rows(engine, event.c.seq) == [(1,)]
    assert rows(engine, event_transition.c.seq) == [(2,)]


def test_append_batch_transition_is_known_no_earlier_than_its_row(engine: Engine, make_cases) -> None:
    """A file that says when its rows were entered: what it tells was known then, not when it happened."""
    send(engine, "k1", make_cases({"resolved_at": REPORTED + timedelta(days=1), "known_at": LATER}))
    send(engine, "k2", make_cases({"event_id": "c2", "resolved_at": LATER}))

    assert rows(engine, event.c.event_id, event.c.known_at) == [("c1", LATER), ("c2", REPORTED)]
    assert rows(engine, event_transition.c.event_seq, event_transition.c.known_at) == [(1, LATER), (3, LATER)]


def test_append_batch_many_writers_at_once_leave_no_hole(engine: Engine, make_cases) -> None:
    """A writer that others keep waiting for too long, as on a busy machine, does what it is told to: it repeats."""

    def send_until_stored(key: str) -> None:
        for _ in range(ATTEMPTS):
            with suppress(StoreError):
                send(engine, key, make_cases({"event_id": key, "resolved_at": LATER}, {"event_id": "shared"}))
                return
        pytest.fail(f"{key} was refused {ATTEMPTS} times")

    def write(writer: int) -> None:
        for number in range(5):
            send_until_stored(f"{writer}-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    numbers = [seq for table in (event, event_transition) for (seq,) in rows(engine, table.c.seq)]

    assert sorted(numbers) == list(range(1, 42))
    assert rows(engine, sequence.c.last) == [(41,)]


def test_append_batch_refused_by_the_database_leaves_no_trace(engine: Engine, make_cases) -> None:
    with pytest.raises(StoreError):
        send(engine, "k1", make_cases({}, {"grid_id": "nowhere"}))

    assert [rows(engine, table.c[0]) for table in (batch, event)] == [[], []]
    assert send(engine, "k1", make_cases({}, {})).accepted == 2
    assert rows(engine, event.c.seq) == [(1,), (2,)]


def test_append_batch_rows_that_are_not_accounted_for_are_refused(engine: Engine, make_cases) -> None:
    with pytest.raises(StoreError, match="3 rows, got 1 cases and 0 refusals"):
        append_batch(engine, Batch("k1", "hotline", make_cases({}), [], 3))


def test_append_batch_without_cases_stores_its_refusals(engine: Engine, make_cases) -> None:
    counts = send(engine, "k1", make_cases(), (1, "grid_id", "GRID_UNKNOWN", "h1"))

    assert counts == BatchCounts(read=1, accepted=0, duplicate=0, quarantined=1)
    assert log_state(engine).sequence == 0


def test_log_state_feed_is_complete_through_its_latest_report(engine: Engine, make_cases) -> None:
    send(engine, "k1", make_cases({"known_at": LATER, "reopened_at": LATER + timedelta(days=9)}, {}))
    send(engine, "k2", make_cases({"event_id": "c3"}))

    assert log_state(engine).known_through == {"hotline": LATER}


def test_declare_feed_replaces_the_specification_and_keeps_the_rest(engine: Engine, make_cases) -> None:
    send(engine, "k1", make_cases({}))
    declare_feed(engine, "hotline", FeedSpec(targets={"old": Target(transitions=("overdue",))}))
    declare_feed(engine, "hotline", FeedSpec(targets={"harm": Target(transitions=("escalated",))}))

    assert log_state(engine).known_through == {"hotline": REPORTED}


@pytest.mark.parametrize("change", [{"grid_id": "g2"}, {"category": "other"}])
def test_append_batch_case_handed_on_or_reclassified_is_corrected_from_now_on(engine: Engine, make_cases, change: dict[str, str]) -> None:
    send(engine, "k1", make_cases({}))
    moved = Batch("k2", "hotline", make_cases({**change, "resolved_at": LATER}), [], 1, Moment(NOW, "UTC"))

    counts = append_batch(engine, moved)

    assert BatchCounts(read=1, accepted=1, duplicate=0, quarantined=0, corrected=1) == counts
    columns = event_transition.c["seq", "action", "known_at", "grid_id", "category"]
    grid, category = change.get("grid_id", "g1"), change.get("category", "neighbor")
    assert [(2, "resolved", LATER, None, None), (3, "corrected", NOW, grid, category)] == rows(engine, *columns)


def test_append_batch_case_that_was_corrected_is_compared_with_where_it_is_now(engine: Engine, make_cases) -> None:
    send(engine, "k1", make_cases({}))
    send(engine, "k2", make_cases({"grid_id": "g2"}))

    again = send(engine, "k3", make_cases({"grid_id": "g2"}, {"event_id": "c2"}))
    back = send(engine, "k4", make_cases({"grid_id": "g1"}, {"event_id": "c2"}))

    assert (1, 1, 0) == (again.accepted, again.duplicate, again.corrected)
    assert (1, 1, 1) == (back.accepted, back.duplicate, back.corrected)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (datetime(2026, 1, 1, 8, 5, tzinfo=UTC), datetime(2026, 1, 1, 8, 5, 27, tzinfo=UTC)),
        (datetime(2026, 1, 1, 8, 5, 27, tzinfo=UTC), datetime(2026, 1, 1, 8, 5, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 8, 5, tzinfo=UTC)),
    ],
)
def test_append_batch_time_that_gained_or_lost_precision_is_the_same_time(
    engine: Engine, make_cases, first: datetime, later: datetime
) -> None:
    send(engine, "k1", make_cases({"occurred_at": first, "resolved_at": LATER}))

    counts = send(engine, "k2", make_cases({"occurred_at": later, "resolved_at": LATER + timedelta(seconds=9)}))

    assert BatchCounts(read=1, accepted=0, duplicate=1, quarantined=0) == counts


def test_append_batch_other_minute_is_another_time(engine: Engine, make_cases) -> None:
    send(engine, "k1", make_cases({"occurred_at": datetime(2026, 1, 1, 8, 5, 1, tzinfo=UTC)}))

    assert 1 == send(engine, "k2", make_cases({"occurred_at": datetime(2026, 1, 1, 8, 5, 2, tzinfo=UTC)})).quarantined
