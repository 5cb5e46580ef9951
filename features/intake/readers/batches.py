"""Batches of every reader: numbered rows as text, and apart from them the rows that cannot be used at all.

Values of typed sources become the text that a CSV file would hold.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from features.display import Remark
from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.layout import Layout, clean_name, own_spelling

BATCH_ROWS = 50_000
MAX_COLUMNS = 64
CELL_BYTES = 8 * 1024
POLYGON_BYTES = 4 * 1024 * 1024
"""Longest cell of a file whose cells may hold polygons."""
FREE_BYTES, MOST_EXPANSION = 64 * 1024 * 1024, 50
"""Bytes that a compressed file may hold in any case, and the multiple of its own size allowed beyond that."""

_DAMAGED = "[\x00\ufffd]"
"""A NUL, or the mark a decoder leaves where bytes were no text."""
_UNNAMED = "\x00column "

EXACT_BELOW = 10**15
"""A spreadsheet and a float keep 15 digits of a number; a longer whole number is no code any more."""


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
    places: pl.Series | None = None
    """Place of each row in a workbook, such as 2月!18; None for other inputs."""
    unnamed: int = 0
    """Cells with content in columns without a name, which nothing can be read from."""
    no_cases: tuple[int, ...] = ()
    """Numbers of rows that were left out: totals, notes and repeated headers."""

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
    remarks: tuple[Remark, ...] = ()
    """Findings about the file, and parts of it that are not read: one sentence each."""
    repeats: bool = True
    """Whether reading again gives the same rows in the same order."""


def name_columns(names: Sequence[str | None], layout: Layout, where: str) -> tuple[str, ...]:
    """Return the names of the columns up to the last that has one; those without a name get one that `drop_unnamed` knows.

    Columns that share a name are numbered, so that a source file can say which of them is meant.

    Raises:
        InputRefusedError: too many columns, no text, or a column that is read stands twice.
    """
    if any("\x00" in name or "\ufffd" in name for name in names if name):
        advice = "Save it as UTF-8, or state `encoding: gb18030` in a source file."
        if any("\x00" in name for name in names if name):
            advice = "It looks like UTF-16, which spreadsheets call Unicode text: save it as CSV UTF-8."
        raise InputRefusedError(Code.FILE_ENCODING, f"{where} must have a header in the stated encoding, found other bytes. {advice}")
    header = own_spelling(names, layout)
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        advice = "Leave out the columns that are not needed."
        raise InputRefusedError(Code.FILE_TOO_MANY_COLUMNS, f"{where} may have {MAX_COLUMNS} columns, found {len(header)}. {advice}")
    if twice := _read_twice(names, layout) or _twice(header):
        advice = f"Rename one of them, or name `{twice[0]} (1)` or `{twice[0]} (2)` in a source file."
        raise InputRefusedError(Code.FILE_HEADER, f"{where} must name each column once that is read, found {twice[0]!r} again. {advice}")
    return tuple(name or unnamed_column(place) for place, name in enumerate(header, start=1))


def _read_twice(names: Iterable[str | None], layout: Layout) -> list[str]:
    read = {clean_name(name) for wanted in (*layout.needed, layout.optional) for name in wanted}
    return [name for name in _twice(map(clean_name, names)) if name in read]


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(filter(None, names)).items() if times > 1]


def unnamed_column(place: int) -> str:
    """Return what stands for the name of a column without one, the first being 1."""
    return f"{_UNNAMED}{place}"


def named(header: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that have a name."""
    return tuple(name for name in header if not name.startswith(_UNNAMED))


def drop_unnamed(batch: RowBatch) -> RowBatch:
    """Leave out columns without a name and count their cells that are not empty."""
    unnamed = [name for name in batch.cells.columns if name.startswith(_UNNAMED)]
    if not unnamed:
        return batch
    filled = sum(int((batch.cells[name].str.strip_chars() != "").sum()) for name in unnamed)
    return replace(batch, cells=batch.cells.drop(unnamed), unnamed=filled)


def finish(batch: RowBatch, most_bytes: int = CELL_BYTES) -> RowBatch:
    """Leave out columns without a name, and move rows with a cell that is too long or damaged to the broken ones."""
    return set_broken_cells_apart(drop_unnamed(batch), most_bytes)


def set_broken_cells_apart(batch: RowBatch, most_bytes: int = CELL_BYTES) -> RowBatch:
    """Move rows with a cell that is too long or damaged to the broken ones."""
    cells = batch.cells
    damaged = cells.select(pl.all().str.contains(_DAMAGED) | (pl.all().str.len_bytes() > most_bytes))
    rows = damaged.select(pl.any_horizontal(pl.all()).fill_null(False)).to_series()
    if not rows.any():
        return batch
    damaged_rows = zip(batch.numbers.filter(rows), cells.filter(rows).iter_rows(named=True), strict=True)
    broken = [_name_fault(number, row, most_bytes) for number, row in damaged_rows]
    together = sorted([*batch.broken, *broken], key=lambda row: row.number)
    places = None if batch.places is None else batch.places.filter(~rows)
    return replace(batch, numbers=batch.numbers.filter(~rows), cells=cells.filter(~rows), broken=tuple(together), places=places)


def _name_fault(number: int, row: dict[str, str | None], most_bytes: int) -> BrokenRow:
    text = row_text(row.values())
    for field, cell in row.items():
        if cell is not None and len(cell.encode()) > most_bytes:
            return BrokenRow(number, field, Code.CELL_TOO_LONG, text)
        if cell is not None and "\ufffd" in cell:
            return BrokenRow(number, field, Code.CELL_ENCODING, text)
        if cell is not None and "\x00" in cell:
            return BrokenRow(number, field, Code.CELL_NUL, text)
    raise AssertionError("a damaged row has a damaged cell")


def row_text(cells: Iterable[str | None]) -> str:
    """Join the cells of a row into the text its keyed hash is taken of."""
    return "\x1f".join(cell or "" for cell in cells)


def refuse_expansion(where: object, expanded: int, compressed: int) -> None:
    """Refuse a compressed file that expands beyond all reason.

    Raises:
        InputRefusedError: it holds more than `FREE_BYTES`, and more than `MOST_EXPANSION` times its size.
    """
    if expanded > max(FREE_BYTES, MOST_EXPANSION * compressed):
        found = f"found more than {expanded >> 20} MiB in {compressed >> 10} KiB. Send it as plain CSV."
        raise InputRefusedError(Code.FILE_TOO_LARGE, f"{where} may unpack to {MOST_EXPANSION} times its size, {found}")


def as_text(value: object) -> str | None:
    """Write one value as text: whole numbers without a point, moments as ISO 8601, truth as true or false.

    >>> as_text(503.0), as_text(3.30402001001001e17), as_text(True)
    ('503', '3.30402001001001E+17', 'true')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def without_lost_digits(value: object) -> object:
    """Return a value of a spreadsheet, whole numbers of more than 15 digits as floats: that is all a spreadsheet keeps of them."""
    return float(value) if isinstance(value, int) and abs(value) >= EXACT_BELOW else value


def _float_text(value: float) -> str:
    if value.is_integer():
        return str(int(value)) if abs(value) < EXACT_BELOW else f"{value:.14E}"
    return str(value)
