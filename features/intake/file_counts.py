"""Counts over the rows of a file, from which it is judged whether the file may come in; counts of batches add up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from features.intake.cells import Cells
from features.intake.codes import LOST_DIGITS
from features.intake.columns import grid_ids
from features.intake.personal_data.detector import identifier_share
from features.intake.quarantine import Code
from features.intake.readers.batches import RowBatch
from features.schema import Col

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
