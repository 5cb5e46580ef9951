"""Findings of an inspection in words of both languages; no cell of a person is repeated."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.intake.inspection import CodeCount, ColumnFinding, Inspection, SheetFinding
from features.intake.quarantine import Code
from features.intake.time_formats import TimeFormats
from serving.intake.inspection_words import SHOWN_CODES, describe

COLUMN = ColumnFinding("编号", "event_id", "name", 20, 20, None, (), 0, {}, announces_persons=False, lost_digits=0)
FILE = Inspection(
    path=Path("/tmp/三月.csv"),  # noqa: S108 - nothing is written there
    format="CSV",
    encoding="gb18030",
    separator=";",
    header_row=2,
    sheets=(),
    rows=1200,
    broken=0,
    no_cases=0,
    whole=True,
    columns=(COLUMN,),
    repeated_ids=0,
    repeated_rows=0,
    remarks=(),
)


def said(inspection: Inspection) -> str:
    return "\n".join(f"{text.zh} | {text.en}" for text in describe(inspection))


def of_column(**values: object) -> str:
    return said(replace(FILE, columns=(replace(COLUMN, **values),)))


def test_form_names_the_file_and_never_its_folder():
    text = said(FILE)

    assert "三月.csv：CSV，gb18030，以';'分隔，表头在第2行，1,200行 | 三月.csv: CSV, gb18030" in text
    assert "/tmp" not in text  # noqa: S108


def test_rows_that_were_not_looked_at_and_that_cannot_be_split_are_told():
    text = said(replace(FILE, whole=False, broken=3))

    assert "前1,200行（其中3行无法分列）" in text
    assert "the first 1,200 rows, 3 of them cannot be split into cells" in text


def test_sheets_are_told_with_why_one_is_not_read():
    text = said(replace(FILE, sheets=(SheetFinding("台账", 2, read=True), SheetFinding("说明", None, read=False, reason="hidden"))))

    assert "工作表“台账”：读取，表头在第2行" in text
    assert "工作表“说明”：不读取（隐藏的工作表） | Sheet 说明: not read, hidden" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "列“编号”：事项编号（按列名），20行有内容，20种"),
        ({"by": "content"}, "event_id (by content)"),
        ({"meaning": None, "by": ""}, "列“编号”：未识别，20行"),
        ({"other_codes": 4}, "rows with other texts, which are not shown: 4"),
        ({"lost_digits": 2}, "2格的编码曾被当作数字"),
        ({"persons": {Code.PERSON_PHONE: 7}}, "个人信息：1,200行中有7行"),
        ({"announces_persons": True}, "含有个人信息的列，整份文件会被拒收：编号"),
    ],
)
def test_column_is_said_with_what_was_found_in_it(values, words):
    assert words in of_column(**values)


def test_times_are_said_with_what_is_ambiguous_in_them():
    text = of_column(times=TimeFormats(seen={"%d/%m/%Y": 12}, stated=(), ambiguous=("%d/%m/%Y", "%m/%d/%Y"), unread=2))

    assert "时间写法：%d/%m/%Y (12)" in text
    assert "one text is different moments under %d/%m/%Y and %m/%d/%Y" in text
    assert "2格不是时间" in text


def test_codes_are_counted_and_the_first_of_many_shown():
    codes = tuple(CodeCount(f"类{number}", 9, "dispute" if number == 0 else None) for number in range(SHOWN_CODES + 1))
    text = of_column(codes=codes)

    assert f"{SHOWN_CODES + 1}种中已识别1种；类0 (9 = dispute)、类1 (9)" in text
    assert f"类{SHOWN_CODES}" not in text


@pytest.mark.parametrize(("ids", "rows", "advice"), [(5, 5, False), (5, 2, True), (0, 0, False)])
def test_repeated_ids_of_different_rows_come_with_advice(ids, rows, advice):
    text = said(replace(FILE, repeated_ids=ids, repeated_rows=rows))

    assert ("编号重复的行" in text) is bool(ids)
    assert ("make the id of several columns" in text) is advice


def test_what_a_case_needs_and_no_column_fills_is_named():
    text = said(FILE)

    assert "还缺少的内容" in text
    assert "grid_id" in text
    assert "event_id" not in text.rpartition("fills: ")[2]
