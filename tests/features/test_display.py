"""Remarks on an ingest stand in both languages."""

import re
from pathlib import Path

import openpyxl

from features.display import Remark
from features.intake.readers.layout import Layout
from features.intake.readers.open_input import open_file

HALF_WIDTH = re.compile(r"[,;:!?()](?![0-9])")


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "一月"
    for row in (["某镇矛盾纠纷台账"], ["编号", "网格"], ["1", "g1"]):
        sheet.append(row)
    for title, hidden in (("二月", False), ("说明", False), ("旧表", True)):
        other = book.create_sheet(title)
        for row in (["编号", "网格"], ["2", "g1"]) if title == "二月" else (["填表要求"],):
            other.append(row)
        other.sheet_state = "hidden" if hidden else "visible"
    book.save(path)
    return path


def test_remarks_of_a_workbook_say_the_same_in_both_languages(tmp_path: Path) -> None:
    remarks = open_file(workbook(tmp_path / "a.xlsx"), Layout(needed=(("编号", "网格"),))).remarks
    assert [
        "读取的工作表：一月、二月。",
        "未读取的隐藏工作表：旧表。",
        "未读取的工作表（缺少所需的列）：说明（1行）。",
        "工作表“一月”的表头在第2行，其上1行未读取。",
    ] == [remark.in_language("zh") for remark in remarks]
    assert "The header of sheet 一月 is in row 2; 1 rows above it are not read." == remarks[-1].in_language("en")


def test_remarks_of_a_csv_file_hold_no_half_width_marks_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("台账\n编号;网格\n1;g1\n".encode("gb18030"))
    remarks = open_file(path, Layout(needed=(("编号", "网格"),))).remarks
    assert 3 == len(remarks)
    assert not [remark.zh for remark in remarks if HALF_WIDTH.search(remark.zh)]


def test_remark_is_its_english_sentence() -> None:
    assert "Two rows." == Remark("Two rows.", zh="两行。") != "两行。"
