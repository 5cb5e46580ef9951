"""What every reader does with names, cells and rows that cannot be used."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import (
    FREE_BYTES,
    MAX_COLUMNS,
    MOST_EXPANSION,
    BrokenRow,
    RowBatch,
    as_text,
    drop_unnamed,
    finish,
    name_columns,
    named,
    refuse_expansion,
    row_text,
    set_broken_cells_apart,
    unnamed_column,
    without_lost_digits,
)
from features.intake.readers.layout import Layout


def batch(cells: dict[str, list[str | None]], broken: tuple[BrokenRow, ...] = (), **other) -> RowBatch:
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
    return RowBatch(pl.int_range(1, frame.height + 1, eager=True), frame, broken, **other)


def test_name_columns_those_without_a_name_are_known_up_to_the_last_named() -> None:
    columns = name_columns(["id", None, " ", "grid", None, ""], Layout(), "a.csv")

    assert ("id", unnamed_column(2), unnamed_column(3), "grid") == columns
    assert ("id", "grid") == named(columns)


def test_name_columns_needed_names_are_spelt_as_they_are_needed() -> None:
    assert ("发生 时间", "id") == name_columns(["发生\n时间", "ｉｄ"], Layout(needed=(("发生 时间",),)), "a.csv")


def test_name_columns_repeated_name_that_is_not_read_is_numbered() -> None:
    assert ("id", "备注 (1)", "备注 (2)") == name_columns(["id", "备注", "备注"], Layout(needed=(("id",),)), "a.csv")


@pytest.mark.parametrize(
    "layout", [Layout(needed=(("id", "grid"),)), Layout(needed=(("id",),), optional=("grid",))], ids=["needed", "optional"]
)
def test_name_columns_repeated_name_that_is_read_is_refused(layout: Layout) -> None:
    with pytest.raises(
        InputRefusedError, match=r"a\.csv must name each column once that is read, found 'grid' again\. Rename one"
    ) as error:
        name_columns(["id", "grid", "grid"], layout, "a.csv")

    assert Code.FILE_HEADER == error.value.code


@pytest.mark.parametrize("count", [MAX_COLUMNS, MAX_COLUMNS + 1])
def test_name_columns_more_than_the_limit_are_refused(count: int) -> None:
    names = [f"c{number}" for number in range(count)]
    if count == MAX_COLUMNS:
        assert tuple(names) == name_columns(names, Layout(), "a.csv")
    else:
        with pytest.raises(InputRefusedError, match=r"may have 64 columns, found 65\. Leave out"):
            name_columns(names, Layout(), "a.csv")


def test_name_columns_empty_columns_at_the_end_do_not_count() -> None:
    assert ("id",) == name_columns(["id", *[None] * 500], Layout(), "a.csv")


@pytest.mark.parametrize(
    ("name", "advice"), [("i\x00d", "CSV UTF-8"), ("\ufffd\ufffd", "encoding: gb18030")], ids=["UTF-16", "other bytes"]
)
def test_name_columns_bytes_that_are_no_text_are_refused_with_advice(name: str, advice: str) -> None:
    with pytest.raises(InputRefusedError, match=advice) as error:
        name_columns([name, "grid"], Layout(), "a.csv")

    assert Code.FILE_ENCODING == error.value.code


def test_drop_unnamed_filled_cells_are_counted_and_blank_ones_not() -> None:
    found = drop_unnamed(batch({"id": ["1", "2", "3"], unnamed_column(2): ["x", " ", None], unnamed_column(3): ["y", "", "z"]}))

    assert (["id"], 3) == (found.cells.columns, found.unnamed)


def test_set_broken_cells_apart_names_column_and_reason_of_each_row() -> None:
    cells = {"id": ["1", "2", "3", "4", "5"], "note": ["x" * 9, "\ufffd", "a\x00", None, "x" * 8]}
    found = set_broken_cells_apart(batch(cells), most_bytes=8)

    assert [4, 5] == found.numbers.to_list()
    assert [(1, "note", Code.CELL_TOO_LONG), (2, "note", Code.CELL_ENCODING), (3, "note", Code.CELL_NUL)] == [
        (row.number, row.field, row.code) for row in found.broken
    ]


def test_set_broken_cells_apart_length_is_that_of_the_bytes() -> None:
    assert (1,) == tuple(row.number for row in set_broken_cells_apart(batch({"note": ["网格网", "网格"]}), most_bytes=8).broken)


def test_set_broken_cells_apart_rows_that_were_broken_before_stay_in_their_order() -> None:
    before = (BrokenRow(2, "", Code.ROW_QUOTE, "2"),)
    given = RowBatch(pl.Series([1, 3]), pl.DataFrame({"id": ["\x00", "\x00"]}), before, places=pl.Series(["A!1", "A!3"]))
    found = set_broken_cells_apart(given)

    assert [1, 2, 3] == [row.number for row in found.broken]
    assert 0 == len(found.places)


def test_finish_damaged_cell_in_a_column_without_a_name_breaks_no_row() -> None:
    found = finish(batch({"id": ["1"], unnamed_column(2): ["\ufffd"]}))

    assert ((), 1) == (found.broken, found.unnamed)


def test_row_batch_rows_read_are_usable_and_broken_ones() -> None:
    assert 3 == batch({"id": ["1", "2"]}, (BrokenRow(3, "", Code.ROW_QUOTE, ""),)).read


def test_row_text_empty_cells_keep_their_place() -> None:
    assert "a\x1f\x1fb" == row_text(["a", None, "b"])


@pytest.mark.parametrize(
    ("expanded", "compressed", "refused"),
    [
        (FREE_BYTES, 1, False),
        (FREE_BYTES + 1, 1, True),
        (MOST_EXPANSION * 10**7, 10**7, False),
        (MOST_EXPANSION * 10**7 + 1, 10**7, True),
    ],
    ids=["free", "a byte more", "fifty times", "a byte more than that"],
)
def test_refuse_expansion_beyond_both_limits_is_refused(expanded: int, compressed: int, refused: bool) -> None:
    if refused:
        with pytest.raises(InputRefusedError, match=r"b\.gz may unpack to 50 times its size, found more than \d+ MiB in \d+ KiB"):
            refuse_expansion("b.gz", expanded, compressed)
    else:
        refuse_expansion("b.gz", expanded, compressed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7.0, "-7"),
        (0.25, "0.25"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1.00000000000000E+15"),
        (Decimal("12.00"), "12"),
        (Decimal("12.50"), "12.50"),
        (date(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1, 9, tzinfo=UTC), "2026-05-01T09:00:00+00:00"),
        ("text", "text"),
    ],
)
def test_as_text_writes_what_a_csv_file_would_hold(value: object, text: str | None) -> None:
    assert text == as_text(value)


def test_without_lost_digits_long_whole_numbers_are_shown_to_be_no_codes() -> None:
    values = [330402001001, 330402001001001001, "330402001001001001", 10**15 - 1]

    assert ["330402001001", "3.30402001001001E+17", "330402001001001001", "999999999999999"] == [
        as_text(without_lost_digits(value)) for value in values
    ]
