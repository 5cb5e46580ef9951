"""Attribute one part of a fitted model: values on sampled rows, those of its replicates, and the strongest pair of columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.panel.build import Panel
from features.panel.case_columns import CaseColumn
from features.panel.feature import Feature
from training.attribution.shapley import shapley_interactions, shapley_values
from training.learning.case_start import CaseStart
from training.learning.design_matrix import cases_of
from training.learning.model import FittedPart

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]

ROWS, REPLICATE_ROWS, PAIR_ROWS = 1000, 200, 60
"""Rows sampled for the final fit, for each replicate and for pairs of columns; enough for a picture and seconds of work."""
REPLICATE = "replicate"


@dataclass(frozen=True)
class Attribution:
    """Attribution of one part of the model on sampled rows."""

    features: tuple[Feature | CaseColumn, ...]
    """The columns the part reads, in order."""
    matrix: Matrix
    """(N, F) what the trees read."""
    contributions: pl.DataFrame
    """replicate (0 = the final fit), row, and by column what it adds to the margin; replicates on the first rows only."""
    pairs: Floats
    """(F, F) mean size of what two columns add together, zero on the diagonal."""

    @property
    def values(self) -> Floats:
        """Contributions of the final fit, (N, F)."""
        return self.contributions.filter(pl.col(REPLICATE) == 0).drop(REPLICATE, "row").to_numpy()


def attribute(fitted: FittedPart, panel: Panel, horizon_days: int, seed: int) -> Attribution:
    """Sample rows of a panel and attribute the part and its replicates on them."""
    design = fitted.lay_out(panel, horizon_days)
    chosen = np.random.default_rng(seed).permutation(len(design.start))[:ROWS]
    matrix = np.ascontiguousarray(design.take(chosen))
    interactions = np.abs(shapley_interactions(fitted.booster, matrix[:PAIR_ROWS])).mean(axis=0) * 2
    np.fill_diagonal(interactions, 0)
    return Attribution(
        features=fitted.describe(panel),
        matrix=matrix,
        contributions=pl.concat(_tables(fitted, matrix, _start_steps(fitted, panel, chosen))),
        pairs=interactions,
    )


def _start_steps(fitted: FittedPart, panel: Panel, rows: Positions) -> Floats:
    """Return what the start of cases adds to the margin by column, (n, F); of new ones the trees alone are shown."""
    steps = np.zeros((len(rows), len(fitted.columns.names)))
    if isinstance(fitted.start, CaseStart):
        for column, step in fitted.start.steps(cases_of(panel, fitted.part)):
            if column in fitted.columns.names:
                steps[:, fitted.columns.names.index(column)] += step[rows]
    return steps


def _tables(fitted: FittedPart, matrix: Matrix, steps: Floats) -> Iterator[pl.DataFrame]:
    """Yield the contributions of the final fit and of each replicate; `steps` (N, F) lead to the start, from which all of them grow."""
    for number, booster in enumerate((fitted.booster, *fitted.replicates)):
        rows = len(matrix) if number == 0 else min(len(matrix), REPLICATE_ROWS)
        values = shapley_values(booster, matrix[:rows]) + steps[:rows]
        keys = {REPLICATE: np.full(len(values), number, np.int32), "row": np.arange(len(values), dtype=np.int32)}
        yield pl.DataFrame(keys | dict(zip(fitted.columns.names, values.T, strict=True)))
