"""The check of one batch of a file: screened, counted and mapped in one go, in this process or in one beside it.

Counts of batches add up, and from their sum it is judged whether the file may come in. Findings come in the order of the file.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Timer

import polars as pl

from features.errors import WorkersLostError
from features.intake.codes import LOST_DIGITS
from features.intake.columns import Cells, grid_ids, parent_paths, read_cells
from features.intake.mapping import map_cells
from features.intake.personal_data.screening import identifier_share, screen_rows
from features.intake.quarantine import Code
from features.intake.readers.batches import RowBatch
from features.intake.rules import RowRules
from features.intake.spool import PackedBatch, pack
from features.schema import Col

PATHS = pl.Schema({Col.GRID_ID: pl.String(), Col.PARENT_PATH: pl.String(), "rows": pl.UInt32()})
"""Rows by grid and what lies above it."""

SHOWN_ROWS = 5


@dataclass
class FileCounts:
    """Numbers of rows, and the codes they hold."""

    rows: int = 0
    damaged: int = 0
    unnamed: int = 0
    no_cases: tuple[int, ...] = ()
    """Numbers of the first rows that were left out as totals, notes or repeated headers."""
    left_out: int = 0
    identifying_rows: int = 0
    identifying: Counter[tuple[str, Code]] = field(default_factory=Counter)
    """Rows by column and class; without codes of areas, which are judged at the end."""
    suspects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows by column and code of an area that could be the number of a card."""
    codes: dict[str, set[str]] = field(default_factory=dict)
    """All codes of areas, by column."""
    lost_digits: Counter[str] = field(default_factory=Counter)
    ids: int = 0
    identifying_ids: float = 0.0
    grids: set[str] = field(default_factory=set)
    unknown_grids: set[str] = field(default_factory=set)

    def add(self, other: "FileCounts") -> None:
        """Add the counts of the next batch."""
        self.rows += other.rows
        self.damaged += other.damaged
        self.unnamed += other.unnamed
        self.no_cases = (*self.no_cases, *other.no_cases)[:SHOWN_ROWS]
        self.left_out += other.left_out
        self.identifying_rows += other.identifying_rows
        self.identifying.update(other.identifying)
        self.suspects.update(other.suspects)
        for name, codes in other.codes.items():
            self.codes.setdefault(name, set()).update(codes)
        self.lost_digits.update(other.lost_digits)
        self.ids += other.ids
        self.identifying_ids += other.identifying_ids
        self.grids |= other.grids
        self.unknown_grids |= other.unknown_grids


Persons = Sequence[tuple[str, pl.Series]]
"""The columns that may identify persons, with the code of each row."""


def count_batch(batch: RowBatch, cells: Cells, persons: Persons) -> FileCounts:
    """Count one batch, given its cells as read and what the person screen found in them."""
    damaged = sum(row.code is Code.CELL_ENCODING for row in batch.broken)
    counts = FileCounts(batch.read, damaged, batch.unnamed, batch.no_cases[:SHOWN_ROWS], len(batch.no_cases))
    _count_persons(cells, persons, counts)
    _count_codes(cells, counts)
    return counts


def _count_persons(cells: Cells, persons: Persons, counts: FileCounts) -> None:
    rows_hit = pl.repeat(False, cells.frame.height, dtype=pl.Boolean, eager=True)
    for name, codes in persons:
        may_be_code = (codes == Code.PERSON_ACCOUNT).fill_null(value=False) & (name in cells.terms.source.code_columns)
        for text, rows in cells.frame[name].filter(may_be_code).value_counts().iter_rows():
            counts.suspects[name, text] += rows
        sure = codes.set(may_be_code, None)
        rows_hit |= sure.is_not_null()
        for code, rows in sure.drop_nulls().value_counts().iter_rows():
            counts.identifying[name, Code[code]] += rows
    counts.identifying_rows += int(rows_hit.sum())
    ids = cells.code(Col.EVENT_ID).drop_nulls()
    counts.ids += len(ids)
    counts.identifying_ids += identifier_share(ids) * len(ids)


def _count_codes(cells: Cells, counts: FileCounts) -> None:
    for name in (*cells.terms.source.columns[Col.EVENT_ID].origins, *cells.terms.source.code_columns):
        counts.lost_digits[name] += int(cells.frame[name].str.contains(LOST_DIGITS).sum())
    for name in cells.terms.source.code_columns:
        counts.codes.setdefault(name, set()).update(cells.frame[name].drop_nulls().unique())
    text, grids = cells.grid_code, grid_ids(cells)
    counts.grids.update(grids.drop_nulls().unique())
    counts.unknown_grids.update(text.filter(grids.is_null()).drop_nulls().unique())


@dataclass(frozen=True)
class CheckedBatch:
    """Findings of one batch, and its rows as they are to be stored."""

    counts: FileCounts
    paths: pl.DataFrame
    """Columns of `PATHS`; empty where a grid table says what lies above the grids."""
    mapped: PackedBatch


@dataclass(frozen=True)
class BatchCheck:
    """Conditions under which the batches of one file are checked."""

    terms: RowRules
    key: bytes
    hash_all: bool
    """Whether every row gets its hash at once, because it cannot be read a second time."""

    def __call__(self, batch: RowBatch) -> CheckedBatch:
        """Check one batch."""
        cells = read_cells(batch, self.terms)
        persons = list(screen_rows(cells))
        mapped = map_cells(batch, cells, persons, self.key)
        return CheckedBatch(count_batch(batch, cells, persons), _count_paths(cells), pack(mapped, with_hashes=self.hash_all))


def _count_paths(cells: Cells) -> pl.DataFrame:
    if cells.terms.grids is not None:
        return pl.DataFrame(schema=PATHS)
    above = pl.DataFrame({Col.GRID_ID: grid_ids(cells), Col.PARENT_PATH: parent_paths(cells)}).drop_nulls()
    return above.group_by(Col.GRID_ID, Col.PARENT_PATH).agg(pl.len().alias("rows"))


FEWEST_ROWS = 100_000
"""So many rows are checked in this process alone: smaller files are done before another one would be ready."""
DEADLINE_SECONDS = 600.0
"""Longest time that the other process may take to accept or to answer a batch; a busy machine takes seconds."""
Check = Callable[[RowBatch], CheckedBatch]


def in_processes(check: Check, batches: Iterator[RowBatch]) -> Iterator[CheckedBatch]:
    """Yield the findings of each batch; of a large file every other batch is checked in a process beside this one.

    Raises:
        WorkersLostError: that process ended, or did not answer in time.
    """
    rows = 0
    for batch in batches:
        yield check(batch)
        rows += batch.read
        if rows >= FEWEST_ROWS:
            break
    if (coming := next(batches, None)) is None:
        return
    with _worker(check) as worker:
        for batch in chain([coming], batches):
            worker.send(batch)
            own = None if (beside := next(batches, None)) is None else check(beside)
            yield worker.receive()
            if own is not None:
                yield own


class _Worker:
    """The process that checks what it is sent, one batch at a time."""

    def __init__(self, process: BaseProcess, line: Connection) -> None:
        """Take a process and the line to it: batches there, findings or an exception back."""
        self._process, self._line = process, line

    def send(self, batch: RowBatch) -> None:
        """Hand over a batch; the one before was received."""
        with self._in_time():
            self._line.send(batch)

    def receive(self) -> CheckedBatch:
        """Return the findings of the batch that was sent, or raise the error that its check raised."""
        with self._in_time():
            checked: CheckedBatch | Exception = self._line.recv()
        if isinstance(checked, Exception):
            raise checked
        return checked

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Kill the process once the deadline is over, which ends the wait for it."""
        late = Timer(DEADLINE_SECONDS, self._process.kill)
        late.start()
        try:
            yield
        except (EOFError, OSError) as error:
            found = f"the process that checked rows died or gave no answer for {DEADLINE_SECONDS:g} s"
            advice = "Nothing of the file is stored: give it more memory and repeat."
            raise WorkersLostError(f"all rows must be checked before any is stored, and {found}. {advice}") from error
        finally:
            late.cancel()


@contextmanager
def _worker(check: Check) -> Iterator[_Worker]:
    """Start a process that ends with this context, or when this process dies.

    It imports for itself: one that is forked would wait for ever for the threads of Polars that this process has.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, check), daemon=True)
    process.start()
    there.close()
    try:
        yield _Worker(process, here)
    finally:
        here.close()
        process.kill()  # it holds nothing that would be lost
        process.join()


def _serve(line: Connection, check: Check) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            batch = line.recv()
            try:
                line.send(check(batch))
            except Exception as error:  # noqa: BLE001 told where the result is awaited
                line.send(error)
