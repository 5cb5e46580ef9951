"""Parquet files and Excel workbooks, read a batch at a time; every value becomes text, moments as ISO 8601."""

import warnings
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

import openpyxl
import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import BATCH_ROWS, RowBatch, RowInput, check_header, set_broken_cells_apart

WORKBOOK_BYTES = 256 * 1024 * 1024
"""Unpacked size of a workbook, which has to be held in memory in part."""


def parquet_input(path: Path) -> RowInput:
    """Read the header of a Parquet file."""
    try:
        schema = pq.read_schema(path)
    except pa.ArrowInvalid as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a Parquet file, found something else. Export it again.") from error
    if nested := [field.name for field in schema if pa.types.is_nested(field.type) or pa.types.is_binary(field.type)]:
        advice = "Leave it out or flatten it."
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must hold plain columns, found {nested[0]!r} nested or binary. {advice}")
    return RowInput(check_header(schema.names, str(path)), partial(_parquet_batches, path))


def excel_input(path: Path) -> RowInput:
    """Read the header of the first sheet of a workbook."""
    with closing(_sheet_rows(path)) as rows:
        header = next(rows, ())
    if not any(header):
        raise InputRefusedError(Code.FILE_EMPTY, f"{path} must begin with a header on its first sheet, found nothing.")
    names = check_header([name or "" for name in header], str(path))
    return RowInput(names, partial(_excel_batches, path, names))


def rows_to_batches(rows: Iterator[tuple[str | None, ...]], header: tuple[str, ...]) -> Iterator[RowBatch]:
    """Group rows that are as wide as the header into batches."""
    first = 1
    while block := list(islice(rows, BATCH_ROWS)):
        columns = zip(header, zip(*block, strict=True), strict=True)
        cells = pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in columns])
        batch = RowBatch(pl.int_range(first, first + len(block), dtype=pl.Int64, eager=True), cells)
        first += batch.read
        yield set_broken_cells_apart(batch)


def as_text(value: object) -> str | None:
    """Write one value of a typed source as a CSV file would hold it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _parquet_batches(path: Path) -> Iterator[RowBatch]:
    first = 1
    for block in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
        cells = pl.DataFrame(pl.from_arrow(block)).with_columns(cs.datetime().dt.to_string("iso:strict")).cast(pl.String)
        batch = RowBatch(pl.int_range(first, first + cells.height, dtype=pl.Int64, eager=True), cells)
        first += batch.read
        yield set_broken_cells_apart(batch)


def _excel_batches(path: Path, header: tuple[str, ...]) -> Iterator[RowBatch]:
    rows = _sheet_rows(path)
    next(rows)
    whole = ((row + (None,) * len(header))[: len(header)] for row in rows if any(row))
    return rows_to_batches(whole, header)


def _sheet_rows(path: Path) -> Generator[tuple[str | None, ...], None, None]:
    """Yield the rows of the first sheet; a formula is given as it is written, so that it can be refused."""
    try:
        _check_size(path)
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            book = openpyxl.load_workbook(path, read_only=True)
        with closing(book):
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield tuple(map(as_text, row))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError) as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be an .xlsx workbook, found something else. Save it again.") from error


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > WORKBOOK_BYTES:
        advice = "Save it as CSV."
        raise InputRefusedError(Code.FILE_TOO_LARGE, f"{path} may unpack to {WORKBOOK_BYTES >> 20} MiB, found {size >> 20}. {advice}")
