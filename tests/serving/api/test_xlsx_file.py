import io
import json
import random

import openpyxl

from serving.api.routes.exports import ExportOrder, _write
from serving.exports import Column, Sheet, to_csv, to_xlsx
from tests.serving.test_exports import AREA, is_formula

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
