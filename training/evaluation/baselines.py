"""Baselines: the simple rules a model has to beat, each scaled to an expected count on the training part."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_poisson_deviance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.panel.build import Panel
from training.learning.usual_level import FLOOR_SHARE, fit_mixture_weights

Floats = npt.NDArray[np.float64]
Rate = Callable[[Floats], Floats]

HALF = 0.5
"""Added before the logarithm, so that none and one differ by a step that stays finite."""
PENALTY = 1e-4
"""Keeps regressions on nearly equal columns determined; far too small to change a rate."""


class MissingColumnsError(LookupError):
    """The log lacks what a baseline is made of."""


def _column(panel: Panel, name: str) -> Floats:
    if name not in panel.names:
        raise MissingColumnsError(name)
    return panel.column(name).astype(np.float64)


def _target(panel: Panel, days: int) -> Floats:
    return _column(panel, f"target_count_grid_{days}d")


def _full_window(panel: Panel, days: int) -> Floats:
    """Scale a count over a window that reaches back before the log began."""
    return _target(panel, days) * days / np.minimum(_column(panel, "history_days"), days)


def _open_by_type(panel: Panel) -> list[Floats]:
    names = [feature.name for feature in panel.features if feature.measure == "open_count"]
    if not names:
        raise MissingColumnsError("*_open_count_grid")
    return [_column(panel, name) for name in names]


def z_score(panel: Panel) -> Floats:
    """Return how far the last 28 days lie above the grid's mean over the year before, in standard deviations of a Poisson count."""
    recent, days = _target(panel, 28), _column(panel, "history_days")
    before = (_target(panel, 365) - recent) * 28 / np.maximum(days - 28, 1)
    return (recent - before) / np.sqrt(before + HALF)


def _few_counts(panel: Panel, horizon_days: int) -> list[Floats]:
    optional = ("target_count_township_90d", "target_count_district_90d", f"due_count_grid_{horizon_days}d")
    counts = [_full_window(panel, days) for days in (28, 90, 365)]
    return counts + [_column(panel, name) for name in optional if name in panel.names]


BASELINES: dict[str, Callable[[Panel, int], list[Floats]]] = {
    "count_365d": lambda panel, _: [_target(panel, 365)],
    "count_90d": lambda panel, _: [_full_window(panel, 90)],
    "count_28d": lambda panel, _: [_full_window(panel, 28)],
    "decay_28d": lambda panel, _: [_column(panel, "target_decay_grid_28d")],
    "against_own_mean_28d": lambda panel, _: [_column(panel, "target_ratio_grid_28d")],
    "open_backlog": lambda panel, _: [np.sum(_open_by_type(panel), axis=0)],
    "backlog_by_type": lambda panel, _: _open_by_type(panel),
    "due": lambda panel, horizon_days: [_column(panel, f"due_count_grid_{horizon_days}d")],
    "long_run_rate": lambda panel, _: [_full_window(panel, 365)],
    "township_mean": lambda panel, _: [_column(panel, "target_count_township_90d")],
    "poisson_regression": _few_counts,
}
"""Name -> non-negative scores, each (T, G); several scores are weighed by the regression."""


IN_PROPORTION = frozenset({"due"})
"""Baselines whose score is itself a count of what is to come."""


def available(panel: Panel, horizon_days: int) -> tuple[list[str], list[str]]:
    """Return the baselines that the log allows, and a line for each that it does not."""
    names, notes = [], []
    one = panel.at(slice(0, 1))
    for name in BASELINES:
        try:
            score_of(name, one, horizon_days)
            names.append(name)
        except MissingColumnsError as missing:
            notes.append(f"baseline {name} is left out: the log yields no column {missing}.")
    return names, notes


def score_of(name: str, panel: Panel, horizon_days: int) -> Floats:
    """Return the log scores of a baseline, (T, G, scores).

    Raises:
        MissingColumnsError: the log yields no column that it needs.
    """
    return np.asarray(np.log(np.stack(BASELINES[name](panel, horizon_days), axis=-1) + HALF))


def fit_rate(scores: Floats, counts: npt.NDArray[np.floating], in_proportion: bool = False) -> Rate:
    """Learn to turn log scores (T, G, scores) into expected counts (T, G) by a power law.

    A single score that may work `in_proportion` becomes a straight line where that fits the training part better. A missing score counts
    as the training mean.
    """
    rates = [_power_law(scores, counts)]
    if in_proportion:
        rates.append(_straight_line(scores, counts.astype(np.float64)))
    return min(rates, key=lambda rate: float(mean_poisson_deviance(counts.ravel(), rate(scores).ravel())))


def _power_law(scores: Floats, counts: npt.NDArray[np.floating]) -> Rate:
    steps = SimpleImputer(keep_empty_features=True), StandardScaler(), PoissonRegressor(alpha=PENALTY, solver="newton-cholesky")
    pipeline = make_pipeline(*steps).fit(_table(scores), counts.ravel())
    return lambda unseen: np.asarray(pipeline.predict(_table(unseen)), np.float64).reshape(unseen.shape[:-1])


def _straight_line(scores: Floats, counts: Floats) -> Rate:
    mean_score = float(np.nanmean(np.exp(scores))) - HALF

    def parts(logs: Floats) -> dict[str, Floats]:
        score = np.exp(logs[..., 0]) - HALF
        return {"score": np.where(np.isnan(score), mean_score, score), "rest": np.ones(score.shape)}

    guess = {"score": HALF * float(counts.mean()) / max(mean_score, HALF), "rest": HALF * float(counts.mean())}
    weights = fit_mixture_weights(parts(scores).items(), counts, guess, prior_events=1.0)
    least = FLOOR_SHARE * float(counts.mean())
    return lambda unseen: np.maximum(sum(weights[name] * part for name, part in parts(unseen).items()), least)


def _table(scores: Floats) -> Floats:
    return scores.reshape(-1, scores.shape[-1])
