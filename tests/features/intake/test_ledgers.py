"""Ledgers as clerks keep them: what stands in them is read as it is meant, or refused with what to do."""

import re
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from features.errors import InputRefusedError
from features.intake.inspection import inspect_file
from features.intake.readers.batches import RowBatch
from features.intake.readers.layout import Layout
from features.intake.readers.open_input import open_file
from features.intake.rules import set_no_cases_apart
from features.intake.times import parse_times

HEADER = ["编号", "网格编码", "办结时间"]
ROWS = [["A1", "g1", "2026-03-05 10:00"], ["A2", "g2", "2026-03-06 10:00"]]
NEEDED = Layout(needed=(tuple(HEADER),))


def write_text(path: Path, encoding: str = "gb18030", separator: str = ",") -> Path:
    path.write_bytes("".join(separator.join(row) + "\n" for row in (HEADER, *ROWS)).encode(encoding))
    return path


def write_book(path: Path, rows: Iterable[list[str]]) -> Path:
    book = openpyxl.Workbook()
    for row in (HEADER, *rows):
        book.active.append(row)
    book.save(path)
    return path


def cells(path: Path) -> list[tuple]:
    return pl.concat([batch.cells for batch in open_file(path, NEEDED).batches()]).rows()


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.XLS", "a.et"])
@pytest.mark.parametrize(("encoding", "separator"), [("gb18030", ","), ("utf-8-sig", "\t"), ("gb18030", "，")])
def test_open_file_text_that_is_named_as_a_workbook_is_read_as_text(tmp_path: Path, name: str, encoding: str, separator: str) -> None:
    path = write_text(tmp_path / name, encoding, separator)
    assert [tuple(row) for row in ROWS] == cells(path)
    assert f"文件以{path.suffix}结尾，内容却是文本，按CSV读取。" == open_file(path, NEEDED).remarks[0].zh


def test_open_file_workbook_of_today_under_the_old_ending_is_read(tmp_path: Path) -> None:
    write_book(tmp_path / "a.xlsx", ROWS).rename(tmp_path / "a.xls")
    assert [tuple(row) for row in ROWS] == cells(tmp_path / "a.xls")


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"<html><table><tr><td>1,2</td></tr></table></html>"]
)
def test_open_file_old_workbook_or_web_page_says_how_to_save_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xls").write_bytes(content)
    with pytest.raises(InputRefusedError, match=r"Open it in Excel or WPS and save it as \.xlsx"):
        open_file(tmp_path / "a.xls", NEEDED)


def keep_values(path: Path, values: Iterable[str]) -> None:
    """Let a workbook hold the values of its formulas, as it does once a spreadsheet program has saved it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    left = iter(values)

    def fill(match: re.Match[bytes]) -> bytes:
        return b'<c r="%s" t="str">%s<v>%s</v></c>' % (match[1], match[2], next(left).encode())

    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = re.sub(rb'<c r="(\w+)"[^>]*>(<f>.*?</f>)<v ?/?>(?:</v>)?</c>', fill, members[sheet])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_open_file_formula_stands_for_the_value_that_was_saved_with_it(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", [["A1", "=VLOOKUP(A2,X:Y,2)", "2026-03-05"], ["A2", "g2", "=C2+1"]])
    assert [("A1", "=VLOOKUP(A2,X:Y,2)", "2026-03-05"), ("A2", "g2", "=C2+1")] == cells(path)
    keep_values(path, ["g1", "2026-03-06"])
    assert [("A1", "g1", "2026-03-05"), ("A2", "g2", "2026-03-06")] == cells(path)


def test_inspect_file_times_of_which_most_have_not_come_yet_are_times(tmp_path: Path) -> None:
    times = ["未办结", "正在办理中", "2026-03-05 10:00", "2026-03-05 11:00已办结", "尚未化解"] * 4
    path = write_book(tmp_path / "台账.xlsx", [[f"A{number}", "g1", time] for number, time in enumerate(times)])
    assert "resolved_at" == inspect_file(path, "Asia/Shanghai", date(2026, 6, 1)).columns[2].meaning


@pytest.mark.parametrize("told", ["已办结", "（已办结）", " 办结", "已化解"])
def test_parse_times_with_the_outcome_behind_them_are_times(told: str) -> None:
    texts = pl.Series([f"2026-03-05 10:00{told}", f"2026年3月5日{told}", f"很快{told}"])
    moments, codes = parse_times(texts, (), "UTC", None)
    assert [datetime(2026, 3, 5, 10, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC), None] == moments.to_list()
    assert [None, None, "TIME_FORMAT"] == codes.to_list()


@pytest.mark.parametrize(("note", "is_none"), [("共24条记录", True), ("总计24件", True), ("共同调解", False), ("24件", False)])
def test_set_no_cases_apart_count_of_rows_is_no_case(note: str, is_none: bool) -> None:
    frame = pl.DataFrame([*ROWS, [note, None, None]], schema=HEADER, orient="row")
    batch = set_no_cases_apart(RowBatch(pl.Series([1, 2, 3]), frame), HEADER)
    assert ((3,) if is_none else ()) == batch.no_cases
