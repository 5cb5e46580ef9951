"""Largest expectation: the row of a backtest on which the model expects most beside what the grid's cases and level can justify."""

from dataclasses import dataclass

import polars as pl

from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.predictions import EXPECTED, MOST


@dataclass(frozen=True)
class Largest:
    """One row of a test."""

    grid_id: str
    as_of: str
    expected: float
    at_most: float


@dataclass(frozen=True)
class Plausibility:
    """Whether every expected count of a test can be justified."""

    largest: Largest
    beyond: Largest | None
    """The row that is furthest beyond; None where none is."""
    rows_beyond: int


def check_largest(predictions: pl.DataFrame) -> Plausibility:
    """Look for expected counts of the model that nothing justifies; one that is no number is beyond."""
    expected, most = pl.col(EXPECTED + MODEL), pl.col(MOST)
    beyond = predictions.filter(~(expected.is_not_nan() & (expected <= most)).fill_null(value=False))
    worst = _row(beyond.sort((expected - most).fill_nan(float("inf")), descending=True)) if len(beyond) else None
    return Plausibility(_row(predictions.sort(expected, descending=True)), worst, len(beyond))


def _row(rows: pl.DataFrame) -> Largest:
    row = rows.row(0, named=True)
    return Largest(row[Col.GRID_ID], str(row[Col.AS_OF]), row[EXPECTED + MODEL], row[MOST])
