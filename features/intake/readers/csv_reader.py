"""CSV split by rules of our own, so that no row is dropped, padded or joined to the next without a word.

Blocks without a quotation mark are cut at their separators, column by column; the rest goes through the csv module, which is slower.
A quotation mark left open costs its own line only: reading goes on with the next one. Empty cells beyond the last column do not count.
"""

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import polars as pl

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import (
    BATCH_ROWS,
    CELL_BYTES,
    MAX_COLUMNS,
    POLYGON_BYTES,
    BrokenRow,
    RowBatch,
    RowInput,
    finish,
    named,
    refuse_expansion,
)
from features.intake.readers.csv_head import CsvHead, find_encoding, read_head
from features.intake.readers.layout import Layout

BATCH_CHARS = 16 * 1024 * 1024
SLICE_LINES = 200


def csv_input(path: Path, layout: Layout) -> RowInput:
    """Read the header of a CSV or CSV.gz file."""
    file = _CsvFile.open(path, layout)
    return RowInput(named(file.head.names), file.batches, file.head.remarks)


def csv_head(path: Path, layout: Layout) -> CsvHead:
    """Find out encoding, separator and header of a CSV or CSV.gz file."""
    return _CsvFile.open(path, layout).head


@dataclass(frozen=True)
class _CsvFile:
    """A CSV file and what was found out about it."""

    path: Path
    head: CsvHead
    cell_bytes: int

    @classmethod
    def open(cls, path: Path, layout: Layout) -> "_CsvFile":
        with _open_binary(path) as binary:
            encoding = layout.encoding or find_encoding(binary)
        cell_bytes = POLYGON_BYTES if layout.geometry else CELL_BYTES
        with _open(path, encoding) as text:
            head = read_head(iter(partial(text.readline, MAX_COLUMNS * cell_bytes), ""), layout, encoding, str(path))
        return cls(path, head, cell_bytes)

    @property
    def line_chars(self) -> int:
        """Longest line that is read whole."""
        return MAX_COLUMNS * self.cell_bytes

    def batches(self) -> Iterator[RowBatch]:
        first = 1
        with _open(self.path, self.head.encoding) as text:
            lines = _Lines(text, self.line_chars)
            for _ in range(self.head.lines):
                lines.take(1)
            while block := lines.take(BATCH_ROWS):
                quoted = '"' in "".join(block)
                batch = _split_quoted(block, lines, self, first) if quoted else _split_plain(block, self.head, first)
                first += batch.read
                yield finish(batch, self.cell_bytes)


class _Lines:
    """Physical lines of a text; lines can be given back, and what goes beyond `line_chars` is cut off."""

    def __init__(self, text: TextIO, line_chars: int) -> None:
        self._pieces = iter(partial(text.readline, line_chars), "")
        self._line_chars = line_chars
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
            lines += self._without_tails(pieces) if self._tail or longest == self._line_chars else pieces
            chars += longest * len(pieces)
        return lines

    def give_back(self, lines: list[str]) -> None:
        self._back = lines + self._back

    def _without_tails(self, pieces: list[str]) -> Iterator[str]:
        for piece in pieces:
            if not self._tail:
                yield piece
            self._tail = not piece.endswith(("\n", "\r"))


def _split_plain(block: list[str], head: CsvHead, first: int) -> RowBatch:
    text = pl.Series(block).str.strip_chars_end("\r\n")
    text = text.filter(text != "")
    numbers = pl.int_range(first, first + len(text), dtype=pl.Int64, eager=True)
    width = text.str.count_matches(head.separator, literal=True).cast(pl.Int64) + 1
    whole = width == len(head.names)
    cells = text.filter(whole).str.split_exact(head.separator, len(head.names) - 1).struct.rename_fields(head.names).struct.unnest()
    if whole.all():
        return RowBatch(numbers, cells)
    odd = [(number, line.split(head.separator), line) for number, line in zip(numbers.filter(~whole), text.filter(~whole), strict=True)]
    fitted = [(number, row) for number, row, _ in odd if not _misfit(row, head)]
    broken = tuple(BrokenRow(number, "", code, line) for number, row, line in odd if (code := _misfit(row, head)))
    return _in_order(numbers.filter(whole), cells, fitted, head, broken)


def _in_order(
    numbers: pl.Series, cells: pl.DataFrame, fitted: list[tuple[int, list[str]]], head: CsvHead, broken: tuple[BrokenRow, ...]
) -> RowBatch:
    """Put rows whose empty cells were cut or added back among the others."""
    added = _frame([_fit(row, head) for _, row in fitted], head)
    every = pl.concat([numbers, pl.Series([number for number, _ in fitted], dtype=pl.Int64)])
    order = every.arg_sort()
    return RowBatch(every[order], pl.concat([cells, added])[order], broken)


def _split_quoted(block: list[str], lines: _Lines, file: _CsvFile, first: int) -> RowBatch:
    numbers: list[int] = []
    rows: list[list[str]] = []
    broken: list[BrokenRow] = []
    for number, (row, fault, text) in enumerate(_records(block, lines, file), start=first):
        if code := fault or _misfit(row, file.head):
            broken.append(BrokenRow(number, "", code, text))
        else:
            numbers.append(number)
            rows.append(_fit(row, file.head))
    return RowBatch(pl.Series(numbers, dtype=pl.Int64), _frame(rows, file.head), tuple(broken))


def _frame(rows: Sequence[Sequence[str]], head: CsvHead) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(head.names)
    return pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in zip(head.names, columns, strict=True)])


def _records(block: list[str], lines: _Lines, file: _CsvFile) -> Iterator[tuple[list[str], Code | None, str]]:
    """Yield cells, fault and text of each record; one may run beyond the block, and what a fault has swallowed is read again."""
    csv.field_size_limit(file.cell_bytes)
    count, start = len(block), 0
    while start < count:
        base, reader = start, csv.reader(_from(block, start, lines), delimiter=file.head.separator, strict=True)
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


def _misfit(row: Sequence[str], head: CsvHead) -> Code | None:
    """Return why a row does not fit the header; empty cells beyond the last column are left out of account."""
    if len(row) < head.width:
        return Code.ROW_TOO_SHORT
    return Code.ROW_TOO_LONG if any(cell.strip() for cell in row[len(head.names) :]) else None


def _fit(row: Sequence[str], head: CsvHead) -> list[str]:
    width = len(head.names)
    return [*row[:width], *("",) * (width - len(row))]


@contextmanager
def _open(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open as text; undecodable bytes become U+FFFD, line ends stay as they are."""
    with _open_binary(path) as binary:
        yield io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")


@contextmanager
def _open_binary(path: Path) -> Iterator[BinaryIO]:
    try:
        if not path.name.lower().endswith(".gz"):
            with path.open("rb") as plain:
                yield plain
            return
        with gzip.open(path) as unpacked:
            yield io.BufferedReader(_Bounded(cast("BinaryIO", unpacked), path), 1 << 18)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputRefusedError(Code.FILE_ARCHIVE, f"{path} must be a whole gzip file, found it damaged. Fetch it again.") from error


class _Bounded(io.RawIOBase):
    """Counts what a compressed file expands to, and refuses what is beyond all reason."""

    def __init__(self, unpacked: BinaryIO, path: Path) -> None:
        self._unpacked, self._path, self._compressed = unpacked, path, path.stat().st_size
        self._expanded = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: "bytearray | memoryview[int]") -> int:  # type: ignore[override]
        """Fill the buffer and count."""
        content = self._unpacked.read(len(buffer))
        buffer[: len(content)] = content
        self._expanded += len(content)
        refuse_expansion(self._path, self._expanded, self._compressed)
        return len(content)
