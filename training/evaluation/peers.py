"""Peers: well-known learners on the same folds, features and labels as the product's model, none of them tuned.

They say what the product's construction is worth: a model that is worse than plain boosted trees on the same columns has no use for it.
XGBoost and CatBoost are optional packages.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, gammaln
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import PoissonRegressor

from features.panel.build import Matrix, Panel
from features.panel.feature import Use
from training.learning.examples import Examples
from training.learning.sampling import fitting_rows, sample_rows
from training.rivals import PEERS, PLAIN_LIGHTGBM
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]

MOST_STEPS = 200
LOG_LIMIT = 30.0
"""Bound of the log of an expected count while the fit is under way."""

Positions = npt.NDArray[np.int64]
Rate = Callable[[Matrix], Floats]
"""From rows (N, F) to expected counts (N,)."""

TREES, LEARNING_RATE, LEAVES, ROWS_PER_LEAF, BINS = 60, 0.1, 15, 200, 63
"""Of all three kinds of boosted trees; common values, fixed before any was compared."""
PENALTY = 0.01
"""Ridge penalty on standardised columns of both regressions."""
BLOCK_BYTES = 2**26
"""Of rows that are predicted at a time."""
FLOOR = 1e-9
"""Least expected count, so that its logarithm stays finite."""


@dataclass(frozen=True)
class NegativeBinomial:
    """A fitted regression; the variance is m + m^2 / dispersion."""

    coefficients: Floats
    intercept: float
    dispersion: float

    def expected(self, rows: Floats) -> Floats:
        """Return the expected count of each row (N, F), (N,)."""
        return np.exp(np.minimum(self.intercept + rows @ self.coefficients, LOG_LIMIT))


def fit_negative_binomial(rows: Floats, counts: Floats, penalty: float, weights: Floats | None = None) -> NegativeBinomial:
    """Fit to standardised rows (N, F) and counts (N,), weighted where rows stand for several.

    The penalty is on half the squared coefficients, per row.

    >>> fitted = fit_negative_binomial(np.zeros((4, 1)), np.array([0.0, 1.0, 2.0, 1.0]), penalty=0.1)
    >>> round(float(fitted.expected(np.zeros((1, 1)))[0]), 3)
    1.0
    """
    share = np.ones(len(counts)) if weights is None else weights / weights.mean()

    def loss(point: Floats) -> tuple[float, Floats]:
        coefficients, intercept, log_k = point[:-2], point[-2], point[-1]
        log_m = np.minimum(intercept + rows @ coefficients, LOG_LIMIT)
        m, k = np.exp(log_m), np.exp(log_k)
        likelihood = share * (gammaln(counts + k) - gammaln(k) + k * log_k + counts * log_m - (counts + k) * np.log(k + m))
        by_log_m = share * (k * (counts - m) / (k + m))
        by_log_k = share * (k * (digamma(counts + k) - digamma(k) + log_k + 1 - np.log(k + m) - (counts + k) / (k + m)))
        value = penalty / 2 * (coefficients @ coefficients) - likelihood.mean()
        slopes = penalty * coefficients - rows.T @ by_log_m / len(counts)
        return float(value), np.concatenate([slopes, [-by_log_m.mean(), -by_log_k.mean()]])

    start = np.concatenate([np.zeros(rows.shape[1]), [np.log((share * counts).mean()), 0.0]])
    bounds = [(None, None)] * (len(start) - 1) + [(-10.0, 10.0)]
    point = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS}).x
    return NegativeBinomial(point[:-2], float(point[-2]), float(np.exp(point[-1])))


@dataclass(frozen=True)
class Peer:
    """Peer: how it learns, and the package it needs beyond those of yujing."""

    fit: Callable[[Matrix, Floats, int, Floats | None], Rate]
    """Called with rows (N, F), counts (N,), a number of threads, and weights (N,) where rows stand for several."""
    package: str | None = None


def _fit_lightgbm(rows: Matrix, counts: Floats, threads: int, weights: Floats | None = None) -> Rate:
    parameters = {
        "objective": "poisson",
        "learning_rate": LEARNING_RATE,
        "num_leaves": LEAVES,
        "min_data_in_leaf": ROWS_PER_LEAF,
        "max_bin": BINS,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }
    trees = lgb.train(parameters, lgb.Dataset(rows, counts, weight=weights, params=parameters), TREES)
    return lambda unseen: np.asarray(trees.predict(unseen, num_threads=1), np.float64)


def _fit_xgboost(rows: Matrix, counts: Floats, threads: int, weights: Floats | None = None) -> Rate:
    model = import_module("xgboost").XGBRegressor(
        objective="count:poisson",
        n_estimators=TREES,
        learning_rate=LEARNING_RATE,
        tree_method="hist",
        grow_policy="lossguide",
        max_depth=0,
        max_leaves=LEAVES,
        max_bin=BINS,
        # a leaf holds at least what ROWS_PER_LEAF rows of a mean count weigh in this loss
        min_child_weight=ROWS_PER_LEAF * float(counts.mean()),
        n_jobs=threads,
    )
    model.fit(rows, counts, sample_weight=weights)
    return lambda unseen: np.asarray(model.predict(unseen), np.float64)


def _fit_catboost(rows: Matrix, counts: Floats, threads: int, weights: Floats | None = None) -> Rate:
    model = import_module("catboost").CatBoostRegressor(
        loss_function="Poisson",
        iterations=TREES,
        learning_rate=LEARNING_RATE,
        grow_policy="Lossguide",
        max_leaves=LEAVES,
        min_data_in_leaf=ROWS_PER_LEAF,
        border_count=BINS,
        thread_count=threads,
        random_seed=1,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(rows, counts, sample_weight=weights)
    return lambda unseen: np.asarray(model.predict(unseen, prediction_type="Exponent"), np.float64)


@dataclass(frozen=True)
class _Scaling:
    """Makes columns fit for a regression: logarithms, missing values at the mean, nothing beyond the range that was learnt from."""

    low: Floats
    high: Floats
    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, rows: Matrix) -> "_Scaling":
        logs = _signed_log(rows)
        observed = np.isfinite(logs)
        size = np.maximum(observed.sum(axis=0), 1)
        mean = np.where(observed, logs, 0).sum(axis=0) / size
        deviation = np.sqrt((np.where(observed, logs - mean, 0) ** 2).sum(axis=0) / size)
        low, high = (limit(np.where(observed, logs, mean), axis=0) for limit in (np.min, np.max))
        return cls(low, high, mean, np.where(deviation > 0, deviation, 1.0))

    def apply(self, rows: Matrix) -> Floats:
        logs = _signed_log(rows)
        known = np.clip(np.where(np.isfinite(logs), logs, self.mean), self.low, self.high)
        return np.asarray((known - self.mean) / self.deviation)


def _signed_log(rows: Matrix) -> Floats:
    return np.asarray(np.sign(rows) * np.log1p(np.abs(rows)), np.float64)


def _fit_glm(rows: Matrix, counts: Floats, _: int, weights: Floats | None = None) -> Rate:
    scaling = _Scaling.of(rows)
    with warnings.catch_warnings():
        # stopped after MOST_STEPS it is only a little more regularised; Newton's steps overshoot on nearly equal columns
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = PoissonRegressor(alpha=PENALTY, max_iter=MOST_STEPS).fit(scaling.apply(rows), counts, sample_weight=weights)
    return lambda unseen: np.asarray(model.predict(scaling.apply(unseen)), np.float64)


def _fit_negative_binomial(rows: Matrix, counts: Floats, _: int, weights: Floats | None = None) -> Rate:
    scaling = _Scaling.of(rows)
    model = fit_negative_binomial(scaling.apply(rows), counts, PENALTY, weights)
    return lambda unseen: model.expected(scaling.apply(unseen))


LEARNERS: Mapping[str, Peer] = {
    PLAIN_LIGHTGBM: Peer(_fit_lightgbm),
    "xgboost": Peer(_fit_xgboost, "xgboost"),
    "catboost": Peer(_fit_catboost, "catboost"),
    "glm": Peer(_fit_glm),
    "negative_binomial": Peer(_fit_negative_binomial),
}
"""In the order of `PEERS`."""


def installed(names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return those peers whose packages are there, in the order of `PEERS`, and a line for each of the others."""
    chosen = [name for name in PEERS if name in names]
    missing = {name: package for name in chosen if (package := LEARNERS[name].package) and find_spec(package) is None}
    notes = [
        f"peer {name} is left out: package {package} is not installed. `pip install 'yujing[peers]'` brings it."
        for name, package in missing.items()
    ]
    return tuple(name for name in chosen if name not in missing), notes


def readable_columns(panel: Panel, model_settings: ModelSettings) -> tuple[str, ...]:
    """Return the columns a peer reads: all that trees or level of the model may, without the families left out by the settings."""
    read = (Use.MODEL, Use.LEVEL_ONLY)
    return tuple(
        feature.name for feature in panel.features if feature.use in read and feature.family not in model_settings.exclude_families
    )


Expected = Callable[[Panel, Positions], Floats]
"""From a panel and some of its cells (as_of x G + grid) to expected counts."""


def fit_peer(name: str, seen: Examples, model_settings: ModelSettings) -> Expected:
    """Fit one peer to some examples, and return what tells the expected counts of any panel with the same columns."""
    names = readable_columns(seen.panel, model_settings)
    counts = seen.counts.ravel().astype(np.float64)
    drawn = sample_rows(counts, fitting_rows(len(names), seen.panel.piece_bytes, model_settings.most_rows), model_settings.seed)
    rows, weights = drawn or (np.arange(len(counts)), None)
    rate = LEARNERS[name].fit(_take(seen.panel, names, rows), counts[rows], model_settings.threads, weights)

    def expected(panel: Panel, cells: Positions) -> Floats:
        size = fitting_rows(len(names), BLOCK_BYTES, len(cells))
        parts = [rate(_take(panel, names, cells[first : first + size])) for first in range(0, len(cells), size)]
        return np.asarray(np.maximum(np.concatenate([*parts, np.zeros(0)]), FLOOR), np.float64)

    return expected


def _take(panel: Panel, names: tuple[str, ...], rows: Positions) -> Matrix:
    """Return rows of some columns, (N, F); of a panel in a file no more than one column is in memory at a time."""
    taken = np.empty((len(names), len(rows)), np.float32)
    for position, column in enumerate(panel.columns(names)):
        taken[position] = column[rows]
        panel.release()
    return taken.T
