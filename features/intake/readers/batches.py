"""What every reader gives: numbered rows as text, in batches, and apart from them the rows that cannot be used at all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from features.errors import InputRefusedError
from features.intake.quarantine import Code

BATCH_ROWS = 20_000
MAX_COLUMNS = 64
CELL_BYTES = 8 * 1024

_DAMAGED = "[\x00\ufffd]"
"""A NUL, or the mark a decoder leaves where bytes were no text."""


@dataclass(frozen=True)
class BrokenRow:
    """A row that could not be split into cells, or has a cell that is no text."""

    number: int
    field: str
    code: Code
    text: str


@dataclass(frozen=True)
class RowBatch:
    """Consecutive rows of one input; row 1 is the first below the header, blank lines are no rows."""

    numbers: pl.Series
    """Int64, one per row of `cells`."""
    cells: pl.DataFrame
    """All String, one column per name of the header."""
    broken: tuple[BrokenRow, ...] = ()

    @property
    def read(self) -> int:
        """Number of rows, usable or not."""
        return len(self.numbers) + len(self.broken)


@dataclass(frozen=True)
class RowInput:
    """A file or query that can be read more than once."""

    header: tuple[str, ...]
    batches: Callable[[], Iterator[RowBatch]]
    """Read all rows from the start; memory is bounded by the size of a batch."""


def check_header(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the names without surrounding blanks.

    Raises:
        InputRefusedError: too many columns, no text, or a name that stands twice.
    """
    if len(names) > MAX_COLUMNS:
        advice = "Leave out the columns that are not needed."
        raise InputRefusedError(Code.FILE_TOO_MANY_COLUMNS, f"{where} may have {MAX_COLUMNS} columns, found {len(names)}. {advice}")
    if any("\x00" in name or "\ufffd" in name for name in names):
        advice = "Save it as UTF-8, or state `encoding: gb18030` in a source file."
        raise InputRefusedError(Code.FILE_ENCODING, f"{where} must have a header in the stated encoding, found other bytes. {advice}")
    header = tuple(name.strip() for name in names)
    if len(set(header)) < len(header):
        raise InputRefusedError(Code.FILE_HEADER, f"{where} must name each column once, found a name twice. Rename one of them.")
    return header


def set_broken_cells_apart(batch: RowBatch) -> RowBatch:
    """Move rows with a cell that is too long or damaged to the broken ones."""
    cells = batch.cells
    damaged = cells.select(pl.all().str.contains(_DAMAGED) | (pl.all().str.len_bytes() > CELL_BYTES))
    rows = damaged.select(pl.any_horizontal(pl.all()).fill_null(False)).to_series()
    if not rows.any():
        return batch
    found = zip(batch.numbers.filter(rows), cells.filter(rows).iter_rows(named=True), strict=True)
    broken = [_name_fault(number, row) for number, row in found]
    together = sorted([*batch.broken, *broken], key=lambda row: row.number)
    return RowBatch(batch.numbers.filter(~rows), cells.filter(~rows), tuple(together))


def _name_fault(number: int, row: dict[str, str | None]) -> BrokenRow:
    text = row_text(row.values())
    for field, cell in row.items():
        if cell is not None and len(cell.encode()) > CELL_BYTES:
            return BrokenRow(number, field, Code.CELL_TOO_LONG, text)
        if cell is not None and "\ufffd" in cell:
            return BrokenRow(number, field, Code.CELL_ENCODING, text)
        if cell is not None and "\x00" in cell:
            return BrokenRow(number, field, Code.CELL_NUL, text)
    raise AssertionError("a damaged row has a damaged cell")


def row_text(cells: Iterable[str | None]) -> str:
    """Join the cells of a row into the text its keyed hash is taken of."""
    return "\x1f".join(cell or "" for cell in cells)
