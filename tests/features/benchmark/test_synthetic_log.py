"""A made-up event log of any size: what it holds, and that it is read back as the event log is."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.benchmark import synthetic_log
from features.benchmark.synthetic_log import FIRST, KINDS, SPAN, Size, one_day, open_log, write_log
from features.eventlog.snapshot import RECORD_SCHEMA, LogSnapshot
from features.facts.derive import read_facts
from features.settings import LogSettings

SIZE = Size(grids=200, cases=2_000, as_ofs=5)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., LogSnapshot]:
    """Return `made(size)`: a log of that size, written and opened."""

    def make(size: Size = SIZE) -> LogSnapshot:
        write_log(size, tmp_path, np.random.default_rng(1))
        return open_log(size, tmp_path)

    return make


def test_write_log_records_are_those_of_the_event_log(made: Callable[..., LogSnapshot]) -> None:
    records = made().records

    assert RECORD_SCHEMA == records.schema
    assert list(range(1, len(records) + 1)) == records["seq"].to_list()
    assert SIZE.cases == records.filter(pl.col("action") == "reported").height


def test_write_log_transitions_follow_their_report_within_the_span(made: Callable[..., LogSnapshot]) -> None:
    records = made().records
    moves = records.filter(pl.col("seq") != pl.col("event_seq")).join(
        records.select(event_seq="seq", reported="at"), on="event_seq", how="left"
    )

    assert {"escalated", "resolved"} == set(moves["action"])
    assert moves.select((pl.col("at") > pl.col("reported")).all()).item()
    assert FIRST <= records["at"].min() <= records["at"].max() < FIRST + SPAN


def test_write_log_only_disputes_escalate_and_one_in_ten_does(made: Callable[..., LogSnapshot]) -> None:
    records = made(Size(200, 20_000, 5)).records
    disputes = records.filter(pl.col("event_type") == "dispute")
    escalated = records.filter(pl.col("action") == "escalated")["event_seq"]

    assert set(escalated) <= set(disputes["seq"])
    assert 0.1 == pytest.approx(len(escalated) / disputes.height, abs=0.02)


def test_write_log_in_several_parts_is_one_sequence(made: Callable[..., LogSnapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_log, "BATCH_CASES", 700)
    records = made().records
    reported = records.filter(pl.col("action") == "reported")

    assert list(range(1, len(records) + 1)) == records["seq"].to_list()
    assert SIZE.cases == reported.height
    assert reported["at"].is_sorted()


def test_open_log_grids_lie_in_communities_of_five_and_townships_of_eighty(made: Callable[..., LogSnapshot]) -> None:
    grids = made().grids

    assert ["99/0/0", "99/0/0", "99/0/1", "99/1/16"] == [grids["parent_path"][number] for number in (0, 4, 5, 80)]


def test_open_log_each_grid_is_beside_the_next_in_both_directions(made: Callable[..., LogSnapshot]) -> None:
    pairs = set(made().neighbours.select("a", "b").rows())

    assert 2 * (SIZE.grids - 1) == len(pairs)
    assert {(b, a) for a, b in pairs} == pairs


def test_open_log_is_read_into_facts(made: Callable[..., LogSnapshot]) -> None:
    facts = read_facts(made(), None, LogSettings())

    assert (SIZE.cases, SIZE.grids) == (len(facts.cases.grid), facts.places.size)


def test_kinds_are_shares_of_all_cases() -> None:
    assert 1.0 == pytest.approx(sum(share for *_, share in KINDS))


@pytest.mark.parametrize(("cases", "count"), [(1_095_000, 1000), (1, 1)], ids=["a thousand a day", "fewer than one"])
def test_one_day_is_the_day_after_the_log_ends(cases: int, count: int) -> None:
    day = one_day(Size(10, cases, 1), np.random.default_rng(1))

    assert count == day.height == day["event_id"].n_unique()
    assert FIRST + SPAN <= day["reported_at"].min() <= day["reported_at"].max() < FIRST + SPAN + timedelta(days=1)
