"""Rows of a batch become cases or refusals, each row exactly one of them."""

from datetime import UTC, datetime

import polars as pl
import pytest

from features.eventlog.cases import CASE_SCHEMA
from features.intake.mapping import MappedBatch, hash_rows_of, map_batch
from features.intake.quarantine import Code
from features.intake.readers.batches import BrokenRow, RowBatch
from features.intake.rules import set_terms
from features.intake.source_file import flat_source
from features.settings import LogSettings

NAMES = ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at", "people")
RIGHT = dict(zip(NAMES, ("E1", "g1", "dispute", "neighbor", "2026-01-01 08:00", "2026-01-01 09:00", "3"), strict=True))
KEY = bytes(32)


def batch(*rows: dict[str, str | None], first: int = 1, **other) -> RowBatch:
    cells = pl.DataFrame([RIGHT | row for row in rows], schema=dict.fromkeys(NAMES, pl.String))
    return RowBatch(pl.int_range(first, first + len(rows), eager=True), cells, **other)


def mapped(given: RowBatch, key: bytes = KEY) -> MappedBatch:
    return map_batch(given, set_terms(flat_source(NAMES), LogSettings(), None, datetime(2026, 6, 1, tzinfo=UTC)), key)


def test_map_batch_right_row_becomes_a_case_with_every_column() -> None:
    case = mapped(batch({})).cases

    assert CASE_SCHEMA == case.schema
    assert ("g1", "dispute", "neighbor", "3-4") == case.select("grid_id", "event_type", "category", "people_bucket").row(0)
    assert datetime(2026, 1, 1, tzinfo=UTC) == case["occurred_at"].item()
    assert case["deadline_at"].item() is None


def test_map_batch_every_row_is_a_case_or_a_refusal() -> None:
    broken = (BrokenRow(2, "", Code.ROW_QUOTE, 'E2,"g1'),)
    found = mapped(RowBatch(pl.Series([1, 3]), batch({}, {"category": "quarrel"}).cells, broken))

    assert 3 == found.read
    assert [1] == found.cases["row_number"].to_list()
    assert [(2, "", Code.ROW_QUOTE), (3, "category", Code.CATEGORY_UNKNOWN)] == [
        (row.row_number, row.field, row.code) for row in found.refusals
    ]


def test_map_batch_row_that_names_a_person_is_refused_for_that_first() -> None:
    (refusal,) = mapped(batch({"category": "电话13812345678", "grid_id": None})).refusals

    assert ("category", Code.PERSON_PHONE) == (refusal.field, refusal.code)


def test_map_batch_emptied_cells_and_unknown_words_are_counted() -> None:
    found = mapped(batch({"people": "many"}, {"category": "quarrel"}, {"category": "quarrel"}))

    assert {("people", Code.NUMBER_FORMAT): 1} == found.emptied
    assert {("category", Code.CATEGORY_UNKNOWN, "quarrel"): 2} == found.seen


def test_map_batch_key_is_equal_for_equal_rows_and_differs_for_others() -> None:
    key = mapped(batch({})).key

    assert key == mapped(batch({"event_id": " E1 "})).key
    assert key != mapped(batch({"event_id": "E2"})).key
    assert key != mapped(batch({"category": "quarrel"})).key


def test_map_batch_without_rows_has_no_cases() -> None:
    found = mapped(batch())

    assert (0, 0) == (found.read, len(found.cases))
    assert CASE_SCHEMA == found.cases.schema


def test_map_batch_places_of_a_workbook_are_kept_by_row_number() -> None:
    assert {1: "2月!18", 2: "2月!19"} == mapped(batch({}, {}, places=pl.Series(["2月!18", "2月!19"]))).places


def test_hash_rows_of_rows_chosen_by_number_are_those_rows() -> None:
    given = batch({"event_id": "a"}, {"event_id": "b"}, {"event_id": "c"}, first=50_001)
    every = hash_rows_of(given, KEY, given.numbers).to_list()

    assert every[1:] == hash_rows_of(given, KEY, pl.Series([50_002, 50_003])).to_list()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"grid_id": "g", "event_id": "Eg"}, {"grid_id": "gg", "event_id": "E"}),
        ({"people": None, "grid_id": "3"}, {"people": "3", "grid_id": None}),
    ],
    ids=["cells run together", "cells moved"],
)
def test_hash_rows_of_other_cells_with_the_same_letters_differ(one: dict[str, str | None], other: dict[str, str | None]) -> None:
    given = batch(one, other)

    assert 2 == hash_rows_of(given, KEY, given.numbers).n_unique()


def test_hash_rows_of_another_deployment_are_others() -> None:
    given = batch({})

    assert hash_rows_of(given, KEY, given.numbers).item() != hash_rows_of(given, b"1" * 32, given.numbers).item()


def test_map_batch_hash_of_a_refusal_is_that_of_its_row() -> None:
    given = batch({}, {"category": "quarrel"})
    found = mapped(given)

    assert hash_rows_of(given, KEY, pl.Series([2])).to_list() == [refusal.row_hash for refusal in found.refusals]
