"""CSV split by rules of our own, so that no row is dropped, padded or joined to the next without a word.

Blocks without a quotation mark are cut at their commas, column by column; the rest goes through the csv module, which is slower.
A quotation mark left open costs its own line only: reading goes on with the next one.
"""

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

import polars as pl

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import (
    BATCH_ROWS,
    CELL_BYTES,
    MAX_COLUMNS,
    BrokenRow,
    RowBatch,
    RowInput,
    check_header,
    set_broken_cells_apart,
)

LINE_CHARS = MAX_COLUMNS * CELL_BYTES
BATCH_CHARS = 16 * 1024 * 1024
SLICE_LINES = 200


def csv_input(path: Path, encoding: str) -> RowInput:
    """Read the header of a CSV or CSV.gz file."""
    with _open(path, encoding) as text:
        header = _read_header(text, path)
    return RowInput(header, partial(_batches, path, encoding, header))


class _Lines:
    """Physical lines of a text; lines can be given back, and what goes beyond `LINE_CHARS` is cut off."""

    def __init__(self, text: TextIO) -> None:
        self._pieces = iter(partial(text.readline, LINE_CHARS), "")
        self._back: list[str] = []
        self._tail = False

    def take(self, count: int) -> list[str]:
        lines, self._back = self._back[:count], self._back[count:]
        chars = 0
        while len(lines) < count and chars < BATCH_CHARS:
            pieces = list(itertools.islice(self._pieces, min(SLICE_LINES, count - len(lines))))
            if not pieces:
                break
            longest = max(map(len, pieces))
            lines += self._without_tails(pieces) if self._tail or longest == LINE_CHARS else pieces
            chars += longest * len(pieces)
        return lines

    def give_back(self, lines: list[str]) -> None:
        self._back = lines + self._back

    def _without_tails(self, pieces: list[str]) -> Iterator[str]:
        for piece in pieces:
            if not self._tail:
                yield piece
            self._tail = not piece.endswith(("\n", "\r"))


def _batches(path: Path, encoding: str, header: tuple[str, ...]) -> Iterator[RowBatch]:
    first = 1
    with _open(path, encoding) as text:
        _read_header(text, path)
        lines = _Lines(text)
        while block := lines.take(BATCH_ROWS):
            quoted = '"' in "".join(block)
            batch = _split_quoted(block, lines, header, first) if quoted else _split_plain(block, header, first)
            first += batch.read
            yield set_broken_cells_apart(batch)


def _split_plain(block: list[str], header: tuple[str, ...], first: int) -> RowBatch:
    text = pl.Series(block).str.strip_chars_end("\r\n")
    text = text.filter(text != "")
    numbers = pl.int_range(first, first + len(text), dtype=pl.Int64, eager=True)
    width = text.str.count_matches(",", literal=True).cast(pl.Int64) + 1
    whole = width == len(header)
    odd = zip(numbers.filter(~whole), width.filter(~whole), text.filter(~whole), strict=True)
    broken = tuple(BrokenRow(number, "", _width_code(cells, header), line) for number, cells, line in odd)
    cells = text.filter(whole).str.split_exact(",", len(header) - 1).struct.rename_fields(header).struct.unnest()
    return RowBatch(numbers.filter(whole), cells, broken)


def _split_quoted(block: list[str], lines: _Lines, header: tuple[str, ...], first: int) -> RowBatch:
    numbers: list[int] = []
    rows: list[list[str]] = []
    broken: list[BrokenRow] = []
    for number, (row, fault, text) in enumerate(_records(block, lines), start=first):
        if fault or len(row) != len(header):
            broken.append(BrokenRow(number, "", fault or _width_code(len(row), header), text))
        else:
            numbers.append(number)
            rows.append(row)
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    cells = pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in zip(header, columns, strict=True)])
    return RowBatch(pl.Series(numbers, dtype=pl.Int64), cells, tuple(broken))


def _records(block: list[str], lines: _Lines) -> Iterator[tuple[list[str], Code | None, str]]:
    """Yield cells, fault and text of each record; one may run beyond the block, and what a fault has swallowed is read again."""
    csv.field_size_limit(CELL_BYTES)
    count, start = len(block), 0
    while start < count:
        base, reader = start, csv.reader(_from(block, start, lines), strict=True)
        try:
            while start < count and (row := next(reader, None)) is not None:
                text = "".join(block[start : base + reader.line_num])
                start = base + reader.line_num
                if row:
                    yield row, None, text
        except csv.Error as error:
            alone = reader.line_num == start - base + 1
            too_long = alone and "field limit" in str(error)
            yield [], Code.CELL_TOO_LONG if too_long else Code.ROW_QUOTE, block[start]
            start += 1
    lines.give_back(block[start:])


def _from(block: list[str], start: int, lines: _Lines) -> Iterator[str]:
    """Yield the lines of the block from `start`, then further ones, which become part of it."""
    for position in itertools.count(start):
        if position == len(block):
            block += lines.take(1)
        if position == len(block):
            return
        yield block[position]


def _width_code(cells: int, header: tuple[str, ...]) -> Code:
    return Code.ROW_TOO_SHORT if cells < len(header) else Code.ROW_TOO_LONG


def _read_header(text: TextIO, path: Path) -> tuple[str, ...]:
    line = text.readline(LINE_CHARS).removeprefix("\ufeff")
    if not line.strip():
        raise InputRefusedError(Code.FILE_EMPTY, f"{path} must begin with a header, found nothing. Check the export.")
    try:
        names = next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise InputRefusedError(Code.FILE_HEADER, f"{path} must have a header on one line, found a quotation mark left open.") from error
    return check_header(names, str(path))


@contextmanager
def _open(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open as text; undecodable bytes become U+FFFD, line ends stay as they are."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as binary:
            yield io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputRefusedError(Code.FILE_ARCHIVE, f"{path} must be a whole gzip file, found it damaged. Fetch it again.") from error
