"""Open whatever holds the rows: a file by its ending, or the query of a source file. All files come in through here."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from features.display import Remark
from features.errors import InputRefusedError, UsageError
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput
from features.intake.readers.csv_reader import csv_input
from features.intake.readers.geojson_reader import geojson_input
from features.intake.readers.layout import Layout
from features.intake.readers.table_reader import parquet_input, sql_input
from features.intake.readers.workbook_reader import workbook_input
from features.intake.source_file import SourceFile

READERS: dict[tuple[str, ...], Callable[[Path, Layout], RowInput]] = {
    (".csv", ".csv.gz", ".tsv", ".txt"): csv_input,
    (".parquet",): parquet_input,
    (".xlsx", ".xlsm"): workbook_input,
}
MAP_READERS: dict[tuple[str, ...], Callable[[Path, Layout], RowInput]] = {**READERS, (".geojson", ".json"): geojson_input}
"""Suffixes of files that may hold grids."""
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".et")
"""Suffixes that are put on whatever a spreadsheet program opens, such as text that a system exported."""
_ZIP, _OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_WEB_PAGE = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:html|!doctype|table|meta|\?xml)", re.IGNORECASE)
_SEPARATORS = (b",", b";", b"\t", b"|", "，".encode(), "；".encode(), "，".encode("gb18030"))


def open_input(
    path: Path | None, source: SourceFile | None, needed: Sequence[Sequence[str]] = (), optional: Sequence[str] = ()
) -> RowInput:
    """Read the header of a file, or of the source's query where no file is given.

    Args:
        path: the file.
        source: how it is to be read; None where nothing is stated.
        needed: sets of columns, one of which the header must have, where there is no source.
        optional: columns that are read beside them where they are there.

    Raises:
        UsageError: there is nothing to open.
        InputRefusedError: what was opened holds no table that can be read.
    """
    if path is None:
        if source is None or source.sql is None:
            raise UsageError("give a file, or a source file with `sql`: found neither.")
        return sql_input(source.sql)
    layout = source.layout if source else Layout()
    if not layout.needed:
        layout = replace(layout, needed=tuple(map(tuple, needed)), optional=tuple(optional))
    return open_file(path, layout)


def open_file(path: Path, layout: Layout) -> RowInput:
    """Read the header of a file, whatever its kind.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: it holds no table that can be read.
    """
    readers = MAP_READERS if layout.geometry else READERS
    try:
        kind = file_kind(path)
        read = next((reader for endings, reader in readers.items() if kind in endings), None)
        if read is None:
            endings = ", ".join(ending for group in readers for ending in group)
            raise InputRefusedError(Code.FILE_FORMAT, f"{path} must end in one of {endings}. Save it as one of them.")
        rows = read(path, layout)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path} must be a readable file: {reason}. Check the path and its rights.") from error
    if kind == ".csv" and path.suffix.lower() in SPREADSHEETS:
        told = Remark(
            f"The file ends in {path.suffix} and holds text: it is read as CSV.", zh=f"文件以{path.suffix}结尾，内容却是文本，按CSV读取。"
        )
        return replace(rows, remarks=(told, *rows.remarks))
    return rows


def file_kind(path: Path) -> str | None:
    """Return the suffix of the kind of a file, in lower case: its ending tells, of a spreadsheet what it holds; None of no kind.

    Raises:
        InputRefusedError: it is a workbook that cannot be read.
        OSError: it cannot be read at all.
    """
    name = path.name.lower()
    if not name.endswith(SPREADSHEETS):
        return next((endings[0] for endings in MAP_READERS if name.endswith(endings)), None)
    with path.open("rb") as file:
        head = file.read(512)
    advice = "Open it in Excel or WPS and save it as .xlsx."
    if head.startswith(_OLD_WORKBOOK):
        raise InputRefusedError(
            Code.FILE_FORMAT, f"{path} must be an .xlsx workbook, found one of the old format or with a password. {advice}"
        )
    if _WEB_PAGE.match(head):
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be an .xlsx workbook, found a web page under its name. {advice}")
    is_text = b"\0" not in head and any(separator in head for separator in _SEPARATORS)
    return ".csv" if is_text and not head.startswith(_ZIP) else ".xlsx"
