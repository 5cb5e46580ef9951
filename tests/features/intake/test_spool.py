"""Mapped rows come out of the spool as they went in."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.intake import spool as module
from features.intake.mapping import MappedBatch, map_batch
from features.intake.readers.batches import RowBatch, RowInput
from features.intake.rules import RowRules, set_terms
from features.intake.source_file import flat_source
from features.intake.spool import Spool, pack
from features.settings import LogSettings

HEADER = ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at")
KEY = bytes(32)
TERMS = set_terms(flat_source(HEADER), LogSettings(), None, datetime(2026, 6, 1, tzinfo=UTC))
CARD_LIKE = "6222021234567890128"
"""The code of a grid that could be the number of a card."""


def batch(first: int, *, grid: str = "g1", place: str = "") -> RowBatch:
    rows = [(f"E{first}", grid, "dispute", "neighbor", "2026-01-01", "2026-01-01"), (f"E{first + 1}", grid, "dispute", "else", "x", "")]
    cells = pl.DataFrame(rows, schema=HEADER, orient="row")
    places = pl.Series([f"{place}!{row}" for row in (2, 3)]) if place else None
    return RowBatch(pl.Series([first, first + 1], dtype=pl.Int64), cells, places=places)


class Rows:
    """Batches that count how often they are read."""

    def __init__(self, *batches: RowBatch) -> None:
        self.batches, self.readings = batches, 0

    def read(self) -> Iterator[RowBatch]:
        self.readings += 1
        yield from self.batches

    def input(self, *, repeats: bool = True) -> RowInput:
        return RowInput(HEADER, self.read, repeats=repeats)


def spooled(rows: Rows, terms: RowRules, *, repeats: bool = True, suspects: frozenset[str] = frozenset()) -> list[MappedBatch]:
    """Pack and spool the batches under `TERMS`, then read them under other terms, with the hashes of all rows."""
    with closing(Spool(None)) as spool:
        for one in rows.batches:
            spool.add(pack(map_batch(one, TERMS, KEY), with_hashes=not repeats), suspects)
        return [with_hashes(one) for one in spool.read(rows.input(repeats=repeats), terms, KEY)]


def with_hashes(mapped: MappedBatch) -> MappedBatch:
    hashes = mapped.hash_rows(mapped.cases["row_number"])
    return replace(mapped, cases=mapped.cases.with_columns(hashes.alias("row_hash")))


def same(one: MappedBatch, other: MappedBatch) -> bool:
    assert_frame_equal(one.cases, other.cases)
    return replace(one, cases=None, hash_rows=None) == replace(other, cases=None, hash_rows=None)


@pytest.mark.parametrize("repeats", [True, False], ids=["file", "query"])
@pytest.mark.parametrize("in_memory", [1, module.IN_MEMORY], ids=["in a file", "in memory"])
def test_read_batches_are_those_that_were_mapped(monkeypatch: pytest.MonkeyPatch, repeats: bool, in_memory: int) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", in_memory)
    rows = Rows(batch(1), batch(3, place="2月"), batch(5))
    expected = [with_hashes(map_batch(one, TERMS, KEY)) for one in rows.batches]
    found = spooled(rows, TERMS, repeats=repeats)
    assert all(same(one, other) for one, other in zip(expected, found, strict=True))
    assert rows.readings == repeats


@pytest.mark.parametrize("repeats", [True, False], ids=["file", "query"])
def test_read_batches_with_codes_that_are_no_cards_after_all_are_mapped_anew(repeats: bool) -> None:
    rows = Rows(batch(1, grid=CARD_LIKE), batch(3, grid=CARD_LIKE))
    vouched = replace(TERMS, vouched=frozenset({CARD_LIKE}))
    found = spooled(rows, vouched, repeats=repeats, suspects=frozenset({CARD_LIKE}))
    assert [[CARD_LIKE], [CARD_LIKE]] == [one.cases["grid_id"].to_list() for one in found]
    assert [0, 0] == [len(map_batch(one, TERMS, KEY).cases) for one in rows.batches]
