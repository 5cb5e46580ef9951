"""One batch of a file: checked, counted and mapped in one go, in this process or in one beside it."""

from dataclasses import dataclass

import polars as pl

from features.intake.cells import Cells, read_cells
from features.intake.columns import grid_ids, parent_paths
from features.intake.file_counts import FileCounts, count_batch
from features.intake.mapping import map_cells
from features.intake.personal_data.screening import screen_rows
from features.intake.readers.batches import RowBatch
from features.intake.rules import RowRules
from features.intake.spool import PackedBatch, pack
from features.schema import Col

PATHS = pl.Schema({Col.GRID_ID: pl.String(), Col.PARENT_PATH: pl.String(), "rows": pl.UInt32()})
"""Rows by grid and what lies above it."""


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
