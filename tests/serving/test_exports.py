import csv
import io
import json
import random
import unicodedata

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from serving.api.routes.rankings import ExportOrder, _write
from serving.exports import Column, Sheet, harmless, to_csv, to_xlsx

starts = st.text(st.sampled_from(" \u3000\u200b\ufeff"), max_size=3)
triggers = st.sampled_from("=+-@\t\r\n\0＝＋－＠")
AREA = {"path": "", "grids": 1, "not_rated": 0, "expected_escalations": 0.1, "variation": 0.0, "usual_level": 0.1}
AREA |= {"priority": 0, "elevated": 0, "watch": 0}


def is_formula(cell):
    return unicodedata.normalize("NFKC", cell).strip(" \u200b\ufeff").startswith(tuple("=+-@\t\r\n\0"))


@given(starts, triggers, st.text())
def test_harmless_text_never_starts_like_a_formula(start, trigger, rest):
    assert is_formula(start + trigger + rest)
    assert not is_formula(harmless(start + trigger + rest))


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
