"""Ledgers as people keep them: titles, blank edges, other separators, other encodings, one sheet a month."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest

from features.errors import InputRefusedError
from features.intake.ingest import IngestReport
from features.intake.readers.layout import Layout, clean_name
from features.intake.readers.open_input import open_file
from features.intake.source_file import SourceFile

TakeIn = Callable[..., IngestReport]

COLUMNS = {"event_id": "编号", "grid_id": "网格", "category": "类别", "occurred_at": "发生时间", "reported_at": "上报时间"}
LEDGER = SourceFile.model_validate({"name": "ledger", "columns": {**COLUMNS, "event_type": {"value": "dispute"}}})
HEADER = list(COLUMNS.values())
ROWS = [[f"A{number}", f"g{number % 3}", "neighbor", "2026-03-01 08:00", "2026-03-02"] for number in range(30)]


def text_of(rows: Sequence[Sequence[str]], separator: str = ",") -> str:
    return "".join(separator.join(row) + "\n" for row in rows)


def put(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def put_workbook(path: Path, sheets: dict[str, Sequence[Sequence[object]]], merged: Sequence[str] = (), hidden: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for span in merged:
            sheet.merge_cells(span)
    book.save(path)
    return path


@pytest.mark.parametrize("separator", [";", "\t", "，", "|"])
def test_ingest_finds_the_separator_and_says_which(separator: str, take_in: TakeIn, tmp_path: Path) -> None:
    report = take_in(put(tmp_path / "a.csv", text_of([HEADER, *ROWS], separator)), LEDGER)

    assert (30, 30) == (report.read, report.accepted)
    assert any("parted by" in remark for remark in report.remarks)


def test_ingest_takes_the_stated_separator_and_the_line_that_excel_writes(take_in: TakeIn, tmp_path: Path) -> None:
    stated = LEDGER.model_copy(update={"separator": "~"})

    assert 30 == take_in(put(tmp_path / "a.csv", text_of([HEADER, *ROWS], "~")), stated).accepted
    assert 30 == take_in(put(tmp_path / "b.csv", "sep=;\n" + text_of([HEADER, *ROWS], ";")), LEDGER).duplicate


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_ingest_finds_the_encoding(encoding: str, take_in: TakeIn, tmp_path: Path) -> None:
    assert 30 == take_in(put(tmp_path / "a.csv", text_of([HEADER, *ROWS]), encoding), LEDGER).accepted


def test_ingest_finds_the_header_below_a_title_and_says_so(take_in: TakeIn, tmp_path: Path) -> None:
    report = take_in(put(tmp_path / "a.csv", text_of([["矛盾纠纷台账"], [], HEADER, *ROWS])), LEDGER)

    assert 30 == report.accepted
    assert any("header is in line 3" in remark for remark in report.remarks)


def test_ingest_leaves_out_columns_without_name_and_content_at_any_edge(take_in: TakeIn, tmp_path: Path) -> None:
    rows = [["", *HEADER, "", ""], *(["", *row, "", ""] for row in ROWS[:10]), *(["", *row, "", "", ""] for row in ROWS[10:])]

    report = take_in(put(tmp_path / "a.csv", text_of(rows)), LEDGER)

    assert (30, ()) == (report.accepted, report.left_out)


def test_ingest_tells_of_cells_in_columns_without_a_name(take_in: TakeIn, tmp_path: Path) -> None:
    rows = [[*HEADER, ""], *([*row, "?"] for row in ROWS)]

    report = take_in(put(tmp_path / "a.csv", text_of(rows)), LEDGER)

    assert 30 == report.accepted
    assert any("without a name" in remark and "30" in remark for remark in report.remarks)


def test_ingest_reads_every_sheet_with_the_columns_and_tells_of_the_others(take_in: TakeIn, tmp_path: Path) -> None:
    sheets = {"说明": [["填报说明"]], "1月": [HEADER, *ROWS[:10]], "2月": [HEADER, *ROWS[10:]], "旧": [HEADER, ["B1", *ROWS[0][1:]]]}

    report = take_in(put_workbook(tmp_path / "a.xlsx", sheets, hidden=["旧"]), LEDGER)

    told = " ".join(report.remarks)
    assert 30 == report.accepted
    assert all(part in told for part in ("1月, 2月", "说明 (1 rows)", "Hidden sheets that are not read: 旧"))


def test_ingest_reads_the_sheets_that_are_named_only(take_in: TakeIn, tmp_path: Path) -> None:
    path = put_workbook(tmp_path / "a.xlsx", {"1月": [HEADER, *ROWS[:10]], "2月": [HEADER, *ROWS[10:]]})

    assert 20 == take_in(path, LEDGER.model_copy(update={"sheets": ("2月",)})).accepted
    with pytest.raises(InputRefusedError, match=r"must name sheets .*; '3月' is not there\. It has: 1月, 2月"):
        take_in(path, LEDGER.model_copy(update={"sheets": ("3月",)}))


def test_ingest_merged_range_counts_for_all_its_rows(take_in: TakeIn, tmp_path: Path) -> None:
    rows = [[row[0], "g1" if place == 0 else None, *row[2:]] for place, row in enumerate(ROWS)]

    report = take_in(put_workbook(tmp_path / "a.xlsx", {"台账": [["台账"], HEADER, *rows]}, merged=["A1:E1", "B3:B32"]), LEDGER)

    assert (30, 0) == (report.accepted, report.quarantined)


def test_ingest_refused_row_of_a_workbook_says_where_it_stands(take_in: TakeIn, tmp_path: Path) -> None:
    bad = ["A99", "g1", "neighbor", "sometime", "2026-03-02"]

    report = take_in(put_workbook(tmp_path / "a.xlsx", {"1月": [HEADER, *ROWS], "2月": [["标题"], HEADER, bad]}), LEDGER)

    assert report.refused is not None
    assert "2月!3" in report.refused.read_text(encoding="utf-8-sig")


def test_open_file_declared_range_of_a_sheet_is_not_believed(tmp_path: Path) -> None:
    """WPS declares A1 whatever a sheet holds."""
    path = put_workbook(tmp_path / "a.xlsx", {"台账": [HEADER, *ROWS]})
    _declare(path, "A1:B3")

    batches = list(open_file(path, Layout(needed=(tuple(HEADER),))).batches())

    assert 30 == sum(batch.read for batch in batches)
    assert tuple(HEADER) == tuple(batches[0].cells.columns)


def _declare(path: Path, reference: str) -> None:
    import re
    import zipfile

    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{reference}"'.encode(), members[sheet])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_open_file_compressed_file_of_honest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(text_of([HEADER, *ROWS]).encode()))

    assert 30 == sum(batch.read for batch in open_file(path, Layout(needed=(tuple(HEADER),))).batches())


def test_clean_name_is_one_whatever_cannot_be_seen() -> None:
    assert "发生时间" == clean_name("\ufeff发生\n 时间\u200b") == clean_name("发生时间")
    assert "event id" == clean_name(" event\u00a0 id")
