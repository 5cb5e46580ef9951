"""Terms of one file, and rows that are no cases."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from features.intake.quarantine import Code
from features.intake.readers.batches import BrokenRow, RowBatch, RowInput
from features.intake.rules import RowRules, set_no_cases_apart, set_terms, without_no_cases
from features.intake.source_file import SourceFile
from features.schema import CASE_REQUIRED, Col
from features.settings import LogSettings

NOW = datetime(2026, 6, 1, 20, tzinfo=UTC)
NAMES = ("编号", "网格", "类别", "时间")
REQUIRED = ("编号", "网格", "时间")


def terms(columns: dict | None = None, settings: LogSettings | None = None, **source) -> RowRules:
    named = {name: name for name in CASE_REQUIRED} | (columns or {})
    return set_terms(SourceFile(name="ledger", columns=named, **source), settings or LogSettings(), None, NOW)


def batch(*rows: tuple[str | None, ...], broken: tuple[BrokenRow, ...] = ()) -> RowBatch:
    cells = pl.DataFrame(list(rows), schema=dict.fromkeys(NAMES, pl.String), orient="row")
    return RowBatch(
        pl.int_range(1, len(rows) + 1, eager=True), cells, broken, places=pl.Series([f"表!{number + 1}" for number in range(len(rows))])
    )


CASE = ("A1", "g1", "邻里", "2026-05-01")


def test_set_terms_lists_are_those_of_project_settings_and_source() -> None:
    found = terms(settings=LogSettings(categories=("noise",)), categories=("smell",)).declared(Col.CATEGORY)

    assert {"neighbor", "noise", "smell"} <= set(found)
    assert "dust" not in found


def test_set_terms_column_with_a_map_reads_nothing_else() -> None:
    mapped = {"category": {"from": "类别", "values": {"neighbor": ["邻里", "（邻居）"], "other": [" 其他 "]}}}

    assert {"邻里": "neighbor", "(邻居)": "neighbor", "其他": "other"} == terms(mapped).declared(Col.CATEGORY)


def test_set_terms_column_that_is_not_mapped_has_no_list() -> None:
    assert {} == terms().declared(Col.LEVEL)


@pytest.mark.parametrize(("stated", "zone"), [(None, "Asia/Shanghai"), ("Asia/Urumqi", "Asia/Urumqi")])
def test_set_terms_zone_of_the_source_comes_before_that_of_the_settings(stated: str | None, zone: str) -> None:
    assert zone == terms(zone=stated).zone


def test_row_rules_latest_moment_is_a_day_after_now() -> None:
    assert datetime(2026, 6, 2, 20, tzinfo=UTC) == terms().latest
    assert date(2026, 6, 1) == terms().today


@pytest.mark.parametrize(
    "row",
    [
        ("合计", None, "12", None),
        ("本月小计：", None, "12", None),
        (None, None, "共 12 件", None),
        ("Total", "", "12", ""),
        ("填表人：某人", None, None, None),
        ("备注：以上为初稿", None, None, "-"),
        NAMES,
        ("编 号", "网格", "类别", "时间"),
    ],
    ids=["total", "total of the month", "count", "English", "who filled it in", "note", "header again", "header with a blank"],
)
def test_set_no_cases_apart_total_note_or_header_is_left_out(row: tuple[str | None, ...]) -> None:
    found = set_no_cases_apart(batch(CASE, row, CASE), REQUIRED)

    assert (2,) == found.no_cases
    assert [1, 3] == found.numbers.to_list()
    assert ["表!1", "表!3"] == found.places.to_list()


@pytest.mark.parametrize(
    "row",
    [
        ("合计", "g1", None, "2026-05-01"),
        ("A1", None, "邻里", "2026-05-01"),
        ("A1", None, "合同", None),
        ("合计案", None, None, None),
        (None, None, None, None),
    ],
    ids=["fills what a case needs", "lacks the grid only", "half empty without such a word", "word that goes on", "empty"],
)
def test_set_no_cases_apart_row_that_may_be_a_case_is_kept(row: tuple[str | None, ...]) -> None:
    assert () == set_no_cases_apart(batch(CASE, row), REQUIRED).no_cases


@pytest.mark.parametrize(
    "text", ["合计", '"合计",12\n', "合计,12", "合计；12", ",,合计\t12", "备注：以上为初稿,某人", "Total|12"], ids=range(7)
)
def test_set_no_cases_apart_total_with_fewer_cells_than_the_header_is_no_broken_row(text: str) -> None:
    found = set_no_cases_apart(batch(CASE, broken=(BrokenRow(2, "", Code.ROW_TOO_SHORT, text),)), REQUIRED)

    assert ((2,), ()) == (found.no_cases, found.broken)


@pytest.mark.parametrize(
    ("code", "text"),
    [(Code.ROW_TOO_SHORT, "A3,合计"), (Code.ROW_TOO_SHORT, ""), (Code.ROW_TOO_LONG, "合计,1,2,3,4")],
    ids=["case", "nothing", "too long"],
)
def test_set_no_cases_apart_other_broken_row_stays_broken(code: Code, text: str) -> None:
    row = BrokenRow(2, "", code, text)

    assert ((), (row,)) == ((found := set_no_cases_apart(batch(CASE, broken=(row,)), REQUIRED)).no_cases, found.broken)


def test_without_no_cases_input_is_read_again_the_same() -> None:
    rows = without_no_cases(RowInput(NAMES, lambda: iter([batch(CASE, ("合计", None, "1", None))])), REQUIRED)

    assert [[(2,)], [(2,)]] == [[one.no_cases for one in rows.batches()] for _ in range(2)]
