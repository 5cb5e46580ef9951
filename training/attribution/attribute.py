"""Attribute a fitted model: values on sampled rows, those of its replicates, and the pair of columns that works together most."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.panel.build import Panel
from features.panel.feature import Feature
from training.attribution.shapley import shapley_interactions, shapley_values
from training.learning.model import Fitted

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

ROWS, REPLICATE_ROWS, PAIR_ROWS = 1000, 200, 60
"""Rows sampled for the final fit, for each replicate and for pairs of columns; enough for a picture and seconds of work."""
REPLICATE = "replicate"


@dataclass(frozen=True)
class Attribution:
    """What moved the model on sampled rows."""

    features: tuple[Feature, ...]
    """The columns the model reads, in order."""
    matrix: Matrix
    """(N, F) what the trees read."""
    contributions: pl.DataFrame
    """replicate (0 = the final fit), row, and by column what it adds to the log of the factor; replicates on the first rows only."""
    pairs: Floats
    """(F, F) mean size of what two columns add together, zero on the diagonal."""

    @property
    def values(self) -> Floats:
        """Contributions of the final fit, (N, F)."""
        return self.contributions.filter(pl.col(REPLICATE) == 0).drop(REPLICATE, "row").to_numpy()


def attribute(fitted: Fitted, panel: Panel, seed: int) -> Attribution:
    """Sample rows of a panel and attribute the model and its replicates on them."""
    every = fitted.rows(panel)
    chosen = np.random.default_rng(seed).permutation(len(every))[:ROWS]
    matrix = np.ascontiguousarray(every[chosen])
    interactions = np.abs(shapley_interactions(fitted.booster, matrix[:PAIR_ROWS])).mean(axis=0) * 2
    np.fill_diagonal(interactions, 0)
    by_name = {feature.name: feature for feature in panel.features}
    return Attribution(
        features=tuple(by_name[name] for name in fitted.feature_names),
        matrix=matrix,
        contributions=pl.concat(_tables(fitted, matrix)),
        pairs=interactions,
    )


def _tables(fitted: Fitted, matrix: Matrix) -> Iterator[pl.DataFrame]:
    for number, booster in enumerate((fitted.booster, *fitted.replicates)):
        values = shapley_values(booster, matrix if number == 0 else matrix[:REPLICATE_ROWS])
        keys = {REPLICATE: np.full(len(values), number, np.int32), "row": np.arange(len(values), dtype=np.int32)}
        yield pl.DataFrame(keys | dict(zip(fitted.feature_names, values.T, strict=True)))
