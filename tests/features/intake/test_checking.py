"""Batches of a large file are checked in other processes, as they would be in this one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import active_children

import polars as pl
import pytest

from features.errors import WorkersLostError
from features.intake import checking
from features.intake.checking import BatchCheck
from features.intake.readers.batches import RowBatch
from features.intake.rules import set_terms
from features.intake.source_file import flat_source
from features.settings import LogSettings

HEADER = ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at", "self_found")


def batch(number: int, **cells: str) -> RowBatch:
    row = dict(zip(HEADER, (f"E{number}", "g1", "dispute", "neighbor", "2026-01-01 08:00", "2026-01-01 09:00", "是"), strict=True)) | cells
    return RowBatch(pl.Series([number], dtype=pl.Int64), pl.DataFrame([row]))


@pytest.fixture
def check() -> BatchCheck:
    terms = set_terms(flat_source(HEADER), LogSettings(), None, datetime(2026, 6, 1, tzinfo=UTC))
    return BatchCheck(terms, bytes(32), hash_all=False)


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "FEWEST_ROWS", 1)


def test_in_processes_batches_come_in_their_order_as_from_this_process(check: BatchCheck) -> None:
    batches = [batch(1), batch(2, category="unheard of"), batch(3, occurred_at="no time"), batch(4), batch(5, self_found="maybe")]
    found = list(checking.in_processes(check, iter(batches)))
    expected = [check(one) for one in batches]
    assert [one.mapped for one in expected] == [one.mapped for one in found]
    assert [one.counts for one in expected] == [one.counts for one in found]
    assert not active_children()


@pytest.mark.parametrize("place", [2, 3])
def test_in_processes_fault_in_a_batch_is_raised_here(check: BatchCheck, place: int) -> None:
    broken = RowBatch(pl.Series([place], dtype=pl.Int64), pl.DataFrame({"event_id": [f"E{place}"]}))
    batches = [broken if number == place else batch(number) for number in range(1, 5)]
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        list(checking.in_processes(check, iter(batches)))
    assert not active_children()


def test_in_processes_worker_that_is_killed_ends_the_check_with_an_error(check: BatchCheck) -> None:
    def batches() -> Iterator[RowBatch]:
        yield from (batch(1), batch(2))
        for child in active_children():
            child.kill()
            child.join()
        yield from (batch(3), batch(4))

    with pytest.raises(WorkersLostError, match="died"):
        list(checking.in_processes(check, batches()))


def test_in_processes_worker_that_gives_no_answer_in_time_ends_the_check_with_an_error(
    check: BatchCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was just started imports for longer than this."""
    monkeypatch.setattr(checking, "DEADLINE_SECONDS", 0.01)
    with pytest.raises(WorkersLostError, match="gave no answer"):
        list(checking.in_processes(check, iter([batch(1), batch(2), batch(3)])))
    assert not active_children()
