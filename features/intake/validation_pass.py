"""The first reading of a file: may it come in at all, and what lies above its grids. Nothing is written until it is done."""

from dataclasses import dataclass

import polars as pl

from features.errors import InputRefusedError
from features.intake.cells import Cells, read_cells
from features.intake.columns import grid_ids, parent_paths
from features.intake.personal_data.detector import identifier_share
from features.intake.personal_data.screening import ADVICE, screen_rows
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput
from features.intake.rules import RowRules
from features.schema import Col

FEWEST = 20
"""Rows below which a share says nothing."""
IDENTIFYING_IDS = 0.3
IDENTIFYING_ROWS = 0.05
DAMAGED_ROWS = 0.05


@dataclass
class _Counts:
    rows: int = 0
    damaged: int = 0
    identifying: int = 0
    ids: int = 0
    identifying_ids: float = 0.0


@dataclass(frozen=True)
class ValidationPass:
    """What the first reading found."""

    rows: int
    paths: pl.DataFrame
    """grid_id, parent_path: what lies above each grid according to most of its rows; grids without a whole path are not there."""


def validate(rows: RowInput, terms: RowRules) -> ValidationPass:
    """Read all rows, store nothing.

    Raises:
        InputRefusedError: too many rows identify persons or are no text, or identity numbers were used as ids of cases.
    """
    counts = _Counts()
    paths = pl.DataFrame(schema={Col.GRID_ID: pl.String, Col.PARENT_PATH: pl.String, "rows": pl.UInt32})
    for batch in rows.batches():
        cells = read_cells(batch, terms)
        counts.rows += batch.read
        counts.damaged += sum(row.code is Code.CELL_ENCODING for row in batch.broken)
        _count_persons(cells, counts)
        paths = _add_paths(paths, cells)
    _judge(counts)
    likeliest = paths.sort("rows", Col.PARENT_PATH, descending=[True, False]).unique(Col.GRID_ID, keep="first", maintain_order=True)
    return ValidationPass(counts.rows, likeliest.select(Col.GRID_ID, Col.PARENT_PATH))


def _count_persons(cells: Cells, counts: _Counts) -> None:
    hits = pl.repeat(False, cells.frame.height, dtype=pl.Boolean, eager=True)
    for _, codes in screen_rows(cells):
        hits |= codes.is_not_null()
    counts.identifying += int(hits.sum())
    ids = cells.text(cells.terms.source.columns[Col.EVENT_ID]).drop_nulls()
    counts.ids += len(ids)
    counts.identifying_ids += identifier_share(ids) * len(ids)


def _add_paths(paths: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    found = pl.DataFrame({Col.GRID_ID: grid_ids(cells), Col.PARENT_PATH: parent_paths(cells)}).drop_nulls()
    counted = found.group_by(Col.GRID_ID, Col.PARENT_PATH).agg(pl.len().alias("rows"))
    return pl.concat([paths, counted]).group_by(Col.GRID_ID, Col.PARENT_PATH).agg(pl.col("rows").sum())


def _judge(counts: _Counts) -> None:
    if counts.ids >= FEWEST and counts.identifying_ids > IDENTIFYING_IDS * counts.ids:
        found = f"found identity numbers in {counts.identifying_ids / counts.ids:.0%} of them. Use the case number of the system."
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"ids of cases may not identify persons, {found}")
    if counts.rows >= FEWEST and counts.identifying > IDENTIFYING_ROWS * counts.rows:
        found = f"found it in {counts.identifying:,} of {counts.rows:,}. {ADVICE}"
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"at most {IDENTIFYING_ROWS:.0%} of the rows may identify persons, {found}")
    if counts.rows >= FEWEST and counts.damaged > DAMAGED_ROWS * counts.rows:
        found = f"found other bytes in {counts.damaged:,} of {counts.rows:,} rows. State `encoding: gb18030` or save it as UTF-8."
        raise InputRefusedError(Code.FILE_ENCODING, f"the text must be in the stated encoding, {found}")
