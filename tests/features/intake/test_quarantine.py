"""Quarantine: reasons against rows, and the report of them."""

from pathlib import Path

import polars as pl
import pytest

from features.intake.quarantine import Code, Refusal, RowErrors, write_report


def flags(*rows: bool | None) -> pl.Series:
    return pl.Series(rows, dtype=pl.Boolean)


def codes(*rows: str | None) -> pl.Series:
    return pl.Series(rows, dtype=pl.String)


@pytest.mark.parametrize("code", list(Code))
def test_code_is_its_own_name_and_has_a_sentence_in_both_languages(code: Code) -> None:
    assert code.name == code.value
    assert code.en.endswith(".")
    assert code.zh.endswith("。")


def test_row_errors_of_two_reasons_the_first_stays() -> None:
    errors = RowErrors(3)
    errors.add("grid_id", Code.GRID_UNKNOWN, flags(False, True, False))
    errors.add("category", Code.CATEGORY_UNKNOWN, flags(True, True, False))

    assert [("category", Code.CATEGORY_UNKNOWN), ("grid_id", Code.GRID_UNKNOWN)] == errors.reasons
    assert [True, True, False] == errors.rows.to_list()


def test_row_errors_null_is_no_fault() -> None:
    errors = RowErrors(2)
    errors.add("end_at", Code.TIME_ORDER, flags(None, True))

    assert [False, True] == errors.rows.to_list()


def test_row_errors_codes_per_row_name_their_own_reason() -> None:
    errors = RowErrors(3)
    errors.add_codes("name", codes("PERSON_PHONE", None, "PERSON_NAME"))

    assert [("name", Code.PERSON_PHONE), ("name", Code.PERSON_NAME)] == errors.reasons


def test_row_errors_emptied_cells_of_refused_rows_are_not_counted() -> None:
    errors = RowErrors(3)
    errors.empty_codes("source", codes("SOURCE_UNKNOWN", "SOURCE_UNKNOWN", None))
    errors.add("grid_id", Code.GRID_UNKNOWN, flags(True, False, False))

    assert {("source", Code.SOURCE_UNKNOWN): 1} == errors.emptied


def test_row_errors_contents_seen_are_counted_without_empty_cells() -> None:
    errors = RowErrors(4)
    errors.look("category", Code.CATEGORY_UNKNOWN, codes("quarrel", None, "quarrel", "noise"))

    assert {("category", Code.CATEGORY_UNKNOWN, "quarrel"): 2, ("category", Code.CATEGORY_UNKNOWN, "noise"): 1} == errors.seen


def test_row_errors_no_rows_have_no_reasons() -> None:
    errors = RowErrors(0)
    errors.add("grid_id", Code.GRID_UNKNOWN, flags())

    assert [] == errors.reasons


def test_write_report_twice_has_one_mark_and_one_header(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    for number in (1, 2):
        write_report(path, [Refusal(number, "grid_id", Code.GRID_UNKNOWN, "hash", "2月!18")])
    written = path.read_bytes()

    assert 1 == written.count(b"\xef\xbb\xbf")
    assert [
        "row_number,field,code,sentence,说明,place",
        '1,grid_id,GRID_UNKNOWN,"The grid is missing, not in the grid table, or not a code.",网格缺失、未登记或不是编码。,2月!18',
        '2,grid_id,GRID_UNKNOWN,"The grid is missing, not in the grid table, or not a code.",网格缺失、未登记或不是编码。,2月!18',
    ] == written.decode("utf-8-sig").splitlines()


def test_write_report_tells_nothing_of_the_row_itself(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    write_report(path, [Refusal(1, "name", Code.PERSON_NAME, "5f3a")])

    assert "5f3a" not in path.read_text("utf-8-sig")
