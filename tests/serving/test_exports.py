import csv
import io
import json
import random
import unicodedata

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.api.routes.rankings import ExportOrder, _write
from serving.exports import COLUMNS, Column, Sheet, cells, harmless, table_to_csv, to_csv, to_xlsx
from tests.support.made_alerts import make_row

starts = st.text(st.sampled_from(" \u3000\u200b\ufeff"), max_size=20)
triggers = st.sampled_from("=+-@\t\r\n\0＝＋－＠")
AREA = {"path": "", "grids": 1, "not_rated": 0, "expected_escalations": 0.1, "variation": 0.0, "usual_level": 0.1}
AREA |= {"priority": 0, "elevated": 0, "watch": 0}


def is_formula(cell):
    return unicodedata.normalize("NFKC", cell).strip(" \u200b\ufeff").startswith(tuple("=+-@\t\r\n\0"))


@given(starts, triggers, st.text())
def test_harmless_text_never_starts_like_a_formula(start, trigger, rest):
    assert is_formula(start + trigger + rest)
    assert not is_formula(harmless(start + trigger + rest))


@pytest.mark.parametrize("mark", ["\u00a0", "\u00ad", "\u200e", "\u2028", "\u202e", "\u2060", "\u2066", "\u3000", "\ufeff"])
def test_harmless_text_after_marks_that_nobody_sees_is_no_formula(mark):
    """However many stand in front, a program that drops them meets an apostrophe first."""
    assert f"'{mark * 9}=1+1" == harmless(f"{mark * 9}=1+1")


@pytest.mark.parametrize("text", ["", " ", "滨河社区", " 第3网格", "3-5", "a=b", "'=1", "\u2010x"])
def test_harmless_text_that_is_no_formula_is_left_as_it_is(text):
    assert text == harmless(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_to_csv_cells_read_back_are_no_formulas(text):
    body = json.dumps(AREA | {"path": text}).encode()

    header, *cells = csv.reader(io.StringIO(to_csv("township", [body]).decode("utf-8-sig"), newline=""))

    assert len(header) == len(cells[0]) == len(AREA) + 1
    assert not is_formula(cells[0][0])


TEXTS = 10_000
AS_XLSX = ExportOrder(level="township", format="xlsx", purpose="study")
STARTS = ("=", "+", "-", "@", "\t", "\r", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|")


def hostile_texts() -> list[str]:
    drawn = random.Random(3)  # noqa: S311 - texts are no secrets
    blanks = [" " * drawn.randint(0, 3) + drawn.choice(STARTS) for _ in range(TEXTS)]
    return [start + drawn.choice(("SUM(1,1)", "cmd|' /C calc'!A0", "HYPERLINK(1)", "1", "")) for start in blanks]


def test_exports_of_ten_thousand_hostile_texts_hold_no_formula(record_property):
    bodies = [json.dumps(AREA | {"path": text}).encode() for text in hostile_texts()]

    sheet = openpyxl.load_workbook(io.BytesIO(_write(AS_XLSX, bodies))).active
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]

    record_property("hostile cells of a workbook", len(cells))
    assert len(cells) == TEXTS
    assert {"s"} == {cell.data_type for cell in cells}
    assert not [cell.value for cell in cells if is_formula(cell.value)]
    assert len(to_csv("township", bodies).splitlines()) >= TEXTS


def test_xlsx_keeps_numbers_as_numbers_and_the_notice_on_every_row():
    sheet = openpyxl.load_workbook(io.BytesIO(_write(AS_XLSX, [json.dumps(AREA).encode()]))).active
    header, row = sheet.iter_rows(values_only=True)

    assert dict(zip(header, row, strict=True))["usual_level"] == 0.1
    assert row[header.index("notice")] == "用于服务排期，不得用于考核排名"


def test_xlsx_text_that_starts_like_a_formula_is_none_wherever_it_comes_from():
    sheet = openpyxl.load_workbook(
        io.BytesIO(to_xlsx(Sheet("list", [Column("name")], [["=1+1"], ["滨河社区"]], above="for service")))
    ).active

    assert [("for service",), ("name",), ("'=1+1",), ("滨河社区",)] == list(sheet.iter_rows(values_only=True))


def test_cells_of_a_grid_are_its_own_and_those_of_its_score():
    rated, unrated = (
        dict(zip(COLUMNS["grid"], row, strict=True)) for row in cells("grid", [body_of(make_row()), body_of(make_row(rank=None))])
    )

    assert ("g1", 1, "elevated", None) == tuple(rated[name] for name in ("grid_id", "rank", "attention_level", "withheld"))
    assert (None, None, "silent") == tuple(unrated[name] for name in ("rank", "risk", "withheld"))
    assert "用于服务排期，不得用于考核排名" == rated["notice"] == unrated["notice"]


def body_of(row):
    return row.model_dump_json().encode()


def test_cells_hold_no_reasons_and_no_weekly_counts():
    """They stay in the JSON, where a masked count is null and not an empty cell."""
    assert not {"explanation", "weekly_cases", "open_cases", "score", "withheld_words"} & set(COLUMNS["grid"])
    assert "weekly_escalations" not in COLUMNS["district"]


def test_table_to_csv_is_read_by_excel_as_utf_8_with_its_line_ends():
    content = table_to_csv(("网格", "备注"), [("g1", '说"好",\n再看'), ("@g2", None)])

    assert content.startswith(b"\xef\xbb\xbf")
    assert 3 == content.count(b"\r\n")
    assert [["网格", "备注"], ["g1", '说"好",\n再看'], ["'@g2", ""]] == list(
        csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    )


def test_xlsx_columns_have_their_formats_and_the_filter_takes_in_all_rows():
    columns = [Column("name", 30), Column("share", 8, "0.0%")]
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(Sheet("list", columns, [["g1", 0.25], ["g2", None]], above="for service")))).active

    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["B"].width
    assert ("0.0%", 0.25, None) == (sheet["B3"].number_format, sheet["B3"].value, sheet["B4"].value)
    assert ("A3", "A2:B4") == (sheet.freeze_panes, sheet.auto_filter.ref)


def test_xlsx_without_rows_has_its_heads_in_the_first_row():
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(Sheet("list", [Column("name")], [])))).active

    assert [("name",)] == list(sheet.iter_rows(values_only=True))
    assert "A2" == sheet.freeze_panes
