"""The only module that knows LightGBM: trees boosted on a margin, as text that always comes out the same.

Predicting uses one thread: with more, a process forked after training would wait for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from training.settings import ModelSettings

Booster = lgb.Booster
Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """Training rows: what is known (N, F), what followed (a count, or 0 and 1), and the margin to start from, (N,)."""

    matrix: Matrix
    counts: npt.NDArray[np.floating]
    offset: Floats
    weights: Floats | None = None
    """Weight of each row; None is 1."""
    objective: str = "poisson"
    """LightGBM's name; `binary` where `counts` holds 0 and 1."""

    def drawn(self, draws: Floats) -> "Rows":
        """Return the rows that were drawn at least once, weighted by how often (N,)."""
        rows = np.flatnonzero(draws)
        return self.drawn_at(rows, draws[rows])

    def drawn_at(self, rows: npt.NDArray[np.int64], weights: Floats) -> "Rows":
        """Return some of the rows, each weighing so many times what it does."""
        weights = weights if self.weights is None else weights * self.weights[rows]
        return Rows(self.matrix[rows], self.counts[rows], self.offset[rows], weights, self.objective)


@dataclass(frozen=True)
class Columns:
    """Names of the matrix columns and what a higher value may do to the count: raise it (1), lower it (-1), either (0)."""

    names: tuple[str, ...]
    directions: tuple[int, ...]


def boost(rows: Rows, columns: Columns, model_settings: ModelSettings, rounds: int, refit: int = 0) -> str:
    """Fit `rounds` trees on top of the offset and return them as text; 0 rounds is one tree that says nothing.

    Every fit has a Dataset of its own: `Dataset.subset` writes outside its memory where LightGBM has bundled sparse columns. Refits
    (numbered from 1) have other seeds.
    """
    rounds, objective = (rounds, rows.objective) if rows.counts.any() else (0, "regression")  # of nothing there is no Poisson mean
    parameters = _parameters(columns, model_settings) | {"seed": model_settings.seed + refit, "objective": objective, "metric": objective}
    if rounds == 0:
        parameters |= {"min_gain_to_split": 1e30}
    dataset = lgb.Dataset(
        rows.matrix, rows.counts, weight=rows.weights, init_score=rows.offset, feature_name=list(columns.names), params=parameters
    )
    return str(lgb.train(parameters, dataset, max(1, rounds)).model_to_string())


def read_booster(text: str) -> Booster:
    """Return the trees written by `boost`."""
    return lgb.Booster(model_str=text)


def margin(trees: Booster, matrix: Matrix) -> Floats:
    """Return what the trees add to the offset, (N,)."""
    return np.asarray(trees.predict(matrix, raw_score=True, num_threads=1), np.float64)


def growing_margins(trees: Booster, matrix: Matrix, step: int) -> Iterator[Floats]:
    """Yield the margin after 0, step, 2 x step, ... trees."""
    grown = np.zeros(len(matrix))
    yield grown
    for start in range(0, trees.num_trees(), step):
        grown = grown + trees.predict(matrix, raw_score=True, start_iteration=start, num_iteration=step, num_threads=1)
        yield grown


def contributions(trees: Booster, matrix: Matrix) -> Floats:
    """Return what each column adds to the margin, (N, F + 1); the last column is the base value."""
    return np.asarray(trees.predict(matrix, pred_contrib=True, num_threads=1), np.float64)


def _parameters(columns: Columns, model_settings: ModelSettings) -> dict[str, object]:
    return {
        "learning_rate": model_settings.learning_rate,
        "num_leaves": model_settings.num_leaves,
        "min_data_in_leaf": model_settings.min_data_in_leaf,
        "lambda_l2": model_settings.lambda_l2,
        "feature_fraction": model_settings.feature_fraction,
        "max_bin": model_settings.max_bin,
        "monotone_constraints": list(columns.directions),
        "boost_from_average": False,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": model_settings.threads,
        "verbosity": -1,
    }
