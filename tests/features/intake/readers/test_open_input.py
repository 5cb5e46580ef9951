"""Files are opened by what they hold, whatever their ending."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from features.errors import InputRefusedError, UsageError
from features.intake.quarantine import Code
from features.intake.readers.layout import Layout
from features.intake.readers.open_input import file_kind, open_file, open_input
from features.intake.source_file import SourceFile
from features.schema import CASE_REQUIRED

TEXT = "编号,网格\n1,g1\n".encode()
ZIP, OLD = b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.CSV", TEXT, ".csv"),
        ("a.csv.gz", TEXT, ".csv"),
        ("a.tsv", TEXT, ".csv"),
        ("a.parquet", TEXT, ".parquet"),
        ("a.geojson", TEXT, ".geojson"),
        ("a.json", TEXT, ".geojson"),
        ("a.pdf", TEXT, None),
        ("a", TEXT, None),
        ("a.xlsx", ZIP, ".xlsx"),
        ("a.XLS", ZIP, ".xlsx"),
        ("a.xls", TEXT, ".csv"),
        ("a.et", "编号，网格".encode("gb18030"), ".csv"),
        ("a.xlsx", b"one word", ".xlsx"),
        ("a.xlsx", b"bin\0,ary", ".xlsx"),
    ],
)
def test_file_kind_is_told_by_ending_or_of_a_spreadsheet_by_content(name: str, content: bytes, kind: str | None, tmp_path: Path) -> None:
    assert kind == file_kind(put(tmp_path, name, content))


@pytest.mark.parametrize(
    ("content", "found"),
    [(OLD, "one of the old format or with a password"), (b"\xef\xbb\xbf <HTML>", "a web page"), (b"<table><tr>", "a web page")],
    ids=["old", "page", "table of a page"],
)
def test_file_kind_workbook_that_cannot_be_read_says_how_to_save_it(content: bytes, found: str, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=rf"must be an \.xlsx workbook, found {found}.*save it as \.xlsx") as error:
        file_kind(put(tmp_path, "a.xls", content))

    assert Code.FILE_FORMAT == error.value.code


def test_open_file_text_under_the_ending_of_a_workbook_is_read_and_told(tmp_path: Path) -> None:
    rows = open_file(put(tmp_path, "a.xls", TEXT), Layout())

    assert ("编号", "网格") == rows.header
    assert "The file ends in .xls and holds text: it is read as CSV." == str(rows.remarks[0])


def test_open_file_of_no_kind_names_the_endings(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"must end in one of \.csv, \.csv\.gz, \.tsv, \.txt, \.parquet, \.xlsx, \.xlsm\. Save it"):
        open_file(put(tmp_path, "a.pdf", TEXT), Layout())


def test_open_file_map_is_opened_only_where_grids_are_read(tmp_path: Path) -> None:
    path = put(tmp_path, "a.geojson", b'{"type": "FeatureCollection", "features": [{"properties": {"id": "g1"}}]}')

    assert ("id", "geometry") == open_file(path, Layout(geometry=True)).header
    with pytest.raises(InputRefusedError, match="must end in one of"):
        open_file(path, Layout())


@pytest.mark.parametrize("name", ["gone.csv", "gone.xlsx"])
def test_open_file_that_is_not_there_is_told_by_its_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"{name} must be a readable file: No such file or directory. Check the path"):
        open_file(tmp_path / name, Layout())


def test_open_input_without_file_and_query_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="give a file, or a source file with `sql`: found neither"):
        open_input(None, SourceFile(name="ledger", columns={name: name for name in CASE_REQUIRED}))


def test_open_input_without_a_source_looks_for_the_needed_columns(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "台账\nid,grid\n1,g1\n".encode())

    assert ("id", "grid") == open_input(path, None, needed=[("no", "grid"), ("id", "grid")]).header


def test_open_input_columns_of_the_source_come_before_the_needed_ones(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", ("id,grid\n" + ",".join(CASE_REQUIRED) + "\n").encode())
    source = SourceFile(name="ledger", columns={name: name for name in CASE_REQUIRED})

    assert CASE_REQUIRED == open_input(path, source, needed=[("id", "grid")]).header


def test_open_input_query_of_a_source_is_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    with closing(sqlite3.connect(tmp_path / "cases.db")) as database, database:
        database.execute("CREATE TABLE cases AS SELECT 1 AS id, 'g1' AS grid")
    source = SourceFile(name="ledger", columns={name: name for name in CASE_REQUIRED}, sql={"url": url, "query": "SELECT * FROM cases"})

    assert ("id", "grid") == open_input(None, source).header
