"""The only module that knows LightGBM: trees boosted on an offset, as text that always comes out the same.

Predicting uses one thread: with more, a process forked after training would wait for ever.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from training.settings import ModelSettings

Booster = lgb.Booster
Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """Training rows: what is known (N, F), what followed, and the log of what would usually follow (N,)."""

    matrix: Matrix
    counts: npt.NDArray[np.floating]
    offset: Floats
    weight: Floats | None = None


@dataclass(frozen=True)
class Columns:
    """Names of the matrix columns and what a higher value may do to the count: raise it (1), lower it (-1), either (0)."""

    names: tuple[str, ...]
    directions: tuple[int, ...]


def boost(rows: Rows, columns: Columns, settings: ModelSettings, rounds: int, seed: int, unseen: Rows | None = None) -> str:
    """Fit `rounds` trees to the log of counts over offset and return them as text; 0 rounds is one tree that says nothing.

    With `unseen` rows it stops `settings.patience` trees after the last one that helped there.
    """
    parameters = _parameters(columns, settings, seed)
    if rounds == 0:
        parameters |= {"min_gain_to_split": 1e30}
    seen = _dataset(rows, columns, parameters)
    watched = [] if unseen is None else [_dataset(unseen, columns, parameters, reference=seen)]
    stops: list[Callable[..., Any]] = [lgb.early_stopping(settings.patience, verbose=False)] if watched else []
    trees = lgb.train(parameters, seen, max(1, rounds), watched, callbacks=stops)
    return str(trees.model_to_string(num_iteration=-1))


def read_booster(text: str) -> Booster:
    """Return the trees written by `boost`."""
    return lgb.Booster(model_str=text)


def margin(trees: Booster, matrix: Matrix, rounds: int | None = None) -> Floats:
    """Return the log of the factor over the offset after all trees, or the first `rounds` of them, (N,)."""
    if rounds == 0:
        return np.zeros(len(matrix))
    return np.asarray(trees.predict(matrix, raw_score=True, num_iteration=rounds, num_threads=1), np.float64)


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


def _dataset(rows: Rows, columns: Columns, parameters: dict[str, object], reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(
        rows.matrix,
        rows.counts,
        reference=reference,
        weight=rows.weight,
        init_score=rows.offset,
        feature_name=list(columns.names),
        params=parameters,
    )


def _parameters(columns: Columns, settings: ModelSettings, seed: int) -> dict[str, object]:
    return {
        "objective": "poisson",
        "metric": "poisson",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.rows_per_leaf,
        "lambda_l2": settings.l2,
        "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "max_bin": settings.max_bins,
        "monotone_constraints": list(columns.directions),
        "boost_from_average": False,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "num_threads": settings.threads,
        "verbosity": -1,
    }
