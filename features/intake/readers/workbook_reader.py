"""Excel workbooks: which sheets are read, and their rows a batch at a time.

What counts are the cells: the size a sheet declares is never believed. A merged range holds its first value in all its cells. How much
a workbook may unpack to is limited, and so is what its files may hold.
"""

import re
import warnings
import xml.parsers.expat
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import ParseError

import openpyxl
import polars as pl
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from features.display import Remark
from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import (
    BATCH_ROWS,
    MAX_COLUMNS,
    RowBatch,
    RowInput,
    as_text,
    finish,
    name_columns,
    named,
    without_lost_digits,
)
from features.intake.readers.layout import HEAD_ROWS, Layout, find_header, likely_header

MOST_ROWS = 1_048_576
"""Rows that a sheet can have."""
_CHUNK_BYTES, _TAG_BYTES = 1 << 20, 512
_FORMULA = re.compile(rb"<((?:\w+:)?f)[\s>/]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z0-9:]+)"')

Row = tuple[str | None, ...]

WORKBOOK_BYTES = 256 * 1024 * 1024
"""Unpacked size of a workbook, which has to be held in memory in part."""
SHARED_BYTES = 96 * 1024 * 1024
"""Of these, the texts that cells share: all of them are held in memory, where each takes several times its room."""
SHARED_TEXTS = "sharedstrings.xml"
_UNPACKED_CHUNK_BYTES = 1 << 20


class _RootReachedError(Exception):
    """The first element of an XML file was reached without a document type."""


def check_archive(path: Path) -> None:
    """Return quietly when a workbook can be read safely.

    Raises:
        InputRefusedError: it unpacks to too much, or declares entities of its own.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if size > WORKBOOK_BYTES:
            found = f"found {size >> 20} MiB. Save it as CSV."
            raise InputRefusedError(Code.FILE_TOO_LARGE, f"{path} may unpack to {WORKBOOK_BYTES >> 20} MiB, {found}")
        shared = sum(member.file_size for member in members if member.filename.lower().endswith(SHARED_TEXTS))
        if shared > SHARED_BYTES:
            found = f"found {shared >> 20} MiB. Save it as CSV."
            raise InputRefusedError(Code.FILE_TOO_LARGE, f"the texts of {path} may take {SHARED_BYTES >> 20} MiB, {found}")
        for member in members:
            if member.filename.lower().endswith((".xml", ".rels")):
                with archive.open(member) as content:
                    _refuse_document_type(content, path)


def _refuse_document_type(content: IO[bytes], path: Path) -> None:
    def refuse(*_: object) -> None:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a plain workbook, found XML entities of its own. Save it again.")

    def stop(*_: object) -> None:
        raise _RootReachedError

    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        while chunk := content.read(_UNPACKED_CHUNK_BYTES):
            parser.Parse(chunk, False)
    except _RootReachedError:
        return


@dataclass(frozen=True)
class Sheet:
    """One worksheet of a workbook, read from its first cell."""

    path: Path
    name: str
    member: str
    """Its file in the archive."""
    hidden: bool
    layout: Layout

    @cached_property
    def head(self) -> list[Row]:
        """Its first rows."""
        with closing(self.rows()) as rows:
            return list(islice(rows, max(HEAD_ROWS, self.layout.header_row or 0)))

    @property
    def is_empty(self) -> bool:
        """Tell whether none of the first rows has a cell with content."""
        return not any(map(any, self.head))

    @property
    def header_place(self) -> int | None:
        """Index of the row that holds the needed columns, or is stated to be the header."""
        return find_header(self.head, self.layout)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All columns of the header, or of the row that looks most like one."""
        place = self.header_place
        row = self.head[likely_header(self.head) if place is None else place] if self.head else ()
        return name_columns(row, self.layout, f"{self.path}, sheet {self.name}")

    def rows(self) -> Generator[Row, None, None]:
        """Yield all rows, empty ones too, without empty cells at their end."""
        with _reading(self.path), closing(self._values()) as values:
            for number, row in enumerate(_fill(map(_texts, values), self._merged), start=1):
                if number > MOST_ROWS:
                    raise InputRefusedError(Code.FILE_FORMAT, f"{self.path}, sheet {self.name}, may have {MOST_ROWS:,} rows, found more.")
                yield row

    def _values(self) -> Generator[tuple[object, ...], None, None]:
        """Yield the values of all rows; of a formula the value it had when the workbook was saved, or its text where that is not there."""
        with ExitStack() as books:
            values = _all_rows(books.enter_context(self._open(data_only=True)), self.name)
            if not self._has_formulas:
                yield from values
                return
            formulas = _all_rows(books.enter_context(self._open(data_only=False)), self.name)
            for row, written in zip(values, formulas, strict=True):
                yield tuple(text if value is None else value for value, text in zip(row, written, strict=True))

    @cached_property
    def _has_formulas(self) -> bool:
        return next(self._find(_FORMULA), None) is not None

    @contextmanager
    def _open(self, *, data_only: bool) -> Iterator[openpyxl.Workbook]:
        """Open the workbook, whatever its name ends in."""
        with self.path.open("rb") as file, closing(openpyxl.load_workbook(file, read_only=True, data_only=data_only)) as book:
            yield book

    def _find(self, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as content:
            yield from _find_all(pattern, content)

    @cached_property
    def _merged(self) -> list[tuple[int, int, int, int]]:
        """Merged ranges as (first row, first column, last row, last column), sorted, all counted from 1."""
        bounds = [range_boundaries(reference.decode()) for reference in self._find(_MERGED)]
        return sorted((top, left, bottom, right) for left, top, right, bottom in bounds if left and top and right and bottom)


def workbook_input(path: Path, layout: Layout) -> RowInput:
    """Choose the sheets of a workbook: those that are named, else all visible ones with the needed columns; the rest is told.

    Raises:
        InputRefusedError: it is no workbook, too large, or has no sheet that can be read.
    """
    sheets = workbook_sheets(path, layout)
    chosen = _choose(path, sheets, layout)
    header = tuple(dict.fromkeys(chain.from_iterable(named(sheet.columns) for sheet in chosen)))
    return RowInput(header, partial(_batches, chosen, header), tuple(_remarks(sheets, chosen)))


def workbook_sheets(path: Path, layout: Layout) -> list[Sheet]:
    """Return the worksheets of a workbook, in its order.

    Raises:
        InputRefusedError: it is no workbook, or too large.
    """
    with _reading(path):
        check_archive(path)
        with path.open("rb") as file, closing((reader := ExcelReader(file, read_only=True)).archive):
            reader.read_manifest()
            reader.read_workbook()
            found = [(sheet, relation.target) for sheet, relation in reader.parser.find_sheets() if relation.Type.endswith("/worksheet")]
    return [Sheet(path, sheet.name, target, sheet.state != "visible", layout) for sheet, target in found]


def _choose(path: Path, sheets: Sequence[Sheet], layout: Layout) -> list[Sheet]:
    by_name = {sheet.name: sheet for sheet in sheets}
    if unknown := [name for name in layout.sheets if name not in by_name]:
        found = f"{unknown[0]!r} is not there. It has: {', '.join(by_name)}."
        raise InputRefusedError(Code.FILE_HEADER, f"`sheets` of the source file must name sheets of {path}; {found}")
    if layout.sheets:
        return [by_name[name] for name in layout.sheets]
    filled = [sheet for sheet in sheets if not sheet.hidden and not sheet.is_empty]
    fitting = [sheet for sheet in filled if sheet.header_place is not None]
    if not filled:
        raise InputRefusedError(Code.FILE_EMPTY, f"{path} must have a visible sheet with a header, found nothing.")
    if not fitting and len(filled) > 1 and layout.needed:
        seen = "; ".join(f"{sheet.name}: {', '.join(named(sheet.columns)) or 'no names'}" for sheet in filled)
        advice = "Choose the --source that describes this file, or name `sheets:` and `header_row:` in one."
        raise InputRefusedError(
            Code.FILE_HEADER, f"one sheet must have the columns {', '.join(layout.needed[0])}; {path} has {seen}. {advice}"
        )
    return fitting or filled[:1]


def _remarks(sheets: Sequence[Sheet], chosen: Sequence[Sheet]) -> Iterator[Remark]:
    if len(chosen) > 1:
        names = [sheet.name for sheet in chosen]
        yield Remark(f"Sheets that are read: {', '.join(names)}.", zh=f"读取的工作表：{'、'.join(names)}。")
    if hidden := [sheet.name for sheet in sheets if sheet.hidden and sheet not in chosen]:
        yield Remark(f"Hidden sheets that are not read: {', '.join(hidden)}.", zh=f"未读取的隐藏工作表：{'、'.join(hidden)}。")
    if other := [sheet for sheet in sheets if not sheet.hidden and sheet not in chosen and not sheet.is_empty]:
        rows = [_with_rows(sheet) for sheet in other]
        yield Remark(
            f"Sheets that are not read, for they lack the needed columns: {', '.join(rows)}.",
            zh=f"未读取的工作表（缺少所需的列）：{'、'.join(one.zh for one in rows)}。",
        )
    for sheet in chosen:
        place = sheet.header_place or 0
        if above := sum(map(any, sheet.head[:place])):
            yield Remark(
                f"The header of sheet {sheet.name} is in row {place + 1}; {above} rows above it are not read.",
                zh=f"工作表“{sheet.name}”的表头在第{place + 1}行，其上{above}行未读取。",
            )


def _with_rows(sheet: Sheet) -> Remark:
    rows, is_cut = sum(map(any, sheet.head)), len(sheet.head) >= HEAD_ROWS
    zh = f"{sheet.name}（{f'至少{rows}行' if is_cut else f'{rows}行'}）"
    return Remark(f"{sheet.name} ({rows} rows{' or more' if is_cut else ''})", zh=zh)


def _batches(sheets: Sequence[Sheet], header: tuple[str, ...]) -> Iterator[RowBatch]:
    first = 1
    for sheet in sheets:
        with closing(sheet.rows()) as rows:
            below = (sheet.header_place if sheet.header_place is not None else likely_header(sheet.head)) + 1
            numbered = ((number, row) for number, row in enumerate(rows, start=1) if number > below and any(row))
            while block := list(islice(numbered, BATCH_ROWS)):
                yield _batch(block, sheet, header, first)
                first += len(block)


def _batch(block: Sequence[tuple[int, Row]], sheet: Sheet, header: tuple[str, ...], first: int) -> RowBatch:
    width = len(sheet.columns)
    columns = zip(sheet.columns, zip(*((row + (None,) * width)[:width] for _, row in block), strict=True), strict=True)
    cells = pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in columns])
    batch = finish(
        RowBatch(
            pl.int_range(first, first + len(block), dtype=pl.Int64, eager=True),
            cells,
            places=pl.Series([f"{sheet.name}!{number}" for number, _ in block], dtype=pl.String),
        )
    )
    missing = [pl.lit(None, pl.String).alias(name) for name in header if name not in batch.cells.columns]
    beyond = sum(any(row[width:]) for _, row in block)
    return RowBatch(batch.numbers, batch.cells.with_columns(missing).select(header), batch.broken, batch.places, batch.unnamed + beyond)


def _texts(row: tuple[object, ...]) -> Row:
    texts = tuple(as_text(without_lost_digits(value)) for value in row)
    filled = len(texts)
    while filled and not texts[filled - 1]:
        filled -= 1
    return texts[:filled]


def _fill(rows: Iterator[Row], merged: Sequence[tuple[int, int, int, int]]) -> Iterator[Row]:
    """Give every cell of a merged range the value of its first; a row without content of its own stays empty."""
    coming, open_ranges = list(reversed(merged)), list[tuple[int, int, int, str | None]]()
    for number, row in enumerate(rows, start=1):
        while coming and coming[-1][0] <= number:
            _, left, bottom, right = coming.pop()
            open_ranges.append((bottom, left, right, row[left - 1] if left <= len(row) else None))
        open_ranges = [span for span in open_ranges if span[0] >= number]
        yield _filled(row, open_ranges) if open_ranges and any(row) else row


def _filled(row: Row, ranges: Sequence[tuple[int, int, int, str | None]]) -> Row:
    cells = list(row)
    for _, left, right, value in ranges:
        last = min(right, MAX_COLUMNS)
        if value is not None and left <= last:
            cells += [None] * (last - len(cells))
            cells[left - 1 : last] = [value] * (last - left + 1)
    return tuple(cells)


def _all_rows(book: openpyxl.Workbook, name: str) -> Iterator[tuple[object, ...]]:
    sheet = book[name]
    sheet.reset_dimensions()
    return sheet.iter_rows(values_only=True)


def _find_all(pattern: re.Pattern[bytes], content: IO[bytes]) -> Iterator[bytes]:
    """Yield the first group of every match."""
    tail = b""
    while chunk := content.read(_CHUNK_BYTES):
        text = tail + chunk
        cut = max(len(text) - _TAG_BYTES, 0)
        matches = list(pattern.finditer(text))
        yield from (match[1] for match in matches)
        tail = text[max(matches[-1].end() if matches else 0, cut) :]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Tell what cannot be read as the fault of the file."""
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            yield
    except _NO_WORKBOOK as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be an .xlsx workbook, found something else. Save it again.") from error


_NO_WORKBOOK = (
    *(zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, TypeError, AttributeError),
    *(ParseError, xml.parsers.expat.ExpatError, EOFError, NotImplementedError, RuntimeError),
)
