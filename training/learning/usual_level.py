"""Level: a grid's rate of escalations of cases not in the log yet, from panel columns, with what training rows taught about mixing them.

The grid's long-run rate (empirical Bayes, a panel column), the same rate following the district's last weeks, the grid's decayed counts,
and a regression on the rates of everything that is reported each foretell the next days. Their shares are those under which the last of
the training labels were likeliest: where much escalates a busy grid speaks for itself, a quiet one leans on its year, its surroundings and
its other records. Where little does, the regression alone is the level.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.panel.block import decay_weights
from features.panel.build import Panel
from training.learning.sampling import FLOAT64_BYTES, fitting_rows, sample_alike

Floats = npt.NDArray[np.float64]

PRIOR_EVENTS = 100.0
"""Expected escalations that the prior weights are worth."""
ROUNDS = 500
TINY = 1e-9
"""Added to every part, so that a row in which all are zero stays possible."""


def fit_mixture_weights(
    parts: Iterable[tuple[str, Floats]], counts: Floats, prior: dict[str, float], prior_events: float = PRIOR_EVENTS
) -> dict[str, float]:
    """Return non-negative weights under which counts ~ Poisson(sum of weight x part) are likeliest (EM under gamma priors).

    Parts come with their names, one at a time: of each no more is kept than its total and its values where something happened.

    >>> ones, counts = np.ones(9000), np.full(9000, 3.0)
    >>> weights = fit_mixture_weights([("right", 3 * ones), ("half", 1.5 * ones)], counts, {"right": 0.5, "half": 0.5})
    >>> round(3 * weights["right"] + 1.5 * weights["half"], 1)
    3.0
    """
    happened = np.flatnonzero(counts)
    kept = {name: (values.sum(), values[happened]) for name, values in ((name, part.ravel() + TINY) for name, part in parts)}
    totals, table = np.array([total for total, _ in kept.values()]), np.stack([values for _, values in kept.values()])
    seen, before = counts.ravel()[happened], np.array([prior[name] for name in kept])
    weights = before
    for _ in range(ROUNDS):
        weights = (weights * (table @ (seen / (weights @ table))) + prior_events * before) / (totals + prior_events)
    return dict(zip(kept, weights.tolist(), strict=True))


USUAL_RATE = "usual_rate_grid"
"""The grid's own long-run rate of all that the target counts: what is usual there."""
DISTRICT_TREND = "target_ratio_district_28d"
RATE, TREND, REGRESSION = "rate", "rate with district trend", "regression"
PRIOR_SHARES = {RATE: 0.2, TREND: 0.15, REGRESSION: 0.45}
"""Shares before any row is seen; the decayed counts have the rest in equal parts."""
FLOOR_SHARE = 0.01
"""The level is at least this share of the mean rate, so that its logarithm stays finite."""
REGRESSION_TABLES, SAMPLE_SEED = 4, 1
"""Copies of its rows that the regression makes, and the seed by which rows are drawn where they are too many."""
RIDGE = 3e-3
"""Penalty of the regression, whose columns say nearly the same of many grids."""
LEARNT_UNTIL, JUDGED_FROM = 0.6, 0.7
"""Shares of the as_ofs; what followed those between them overlaps with what followed the later ones."""
FEW_EVENTS = 3
"""Escalations per grid in all training rows. With fewer its own past says next to nothing, and the regression is the level by itself."""
RATES_FAMILY = "rates"
NOTHING = 1e-9
"""Escalations per day where none ever happened."""


@dataclass(frozen=True)
class RateRegression:
    """A Poisson regression: log(escalations per day) is linear in the logs of other rates."""

    intercept: float
    slopes: dict[str, float]
    """Panel column -> slope of its logarithm."""
    bounds: tuple[float, float]
    """Least and greatest logarithm that it gave in training: it says nothing beyond."""

    def per_day(self, panel: Panel) -> Floats:
        """Return expected escalations per day, (T, G)."""
        logs = np.full(panel.values.shape[1:], self.intercept)
        for name, slope in sorted(self.slopes.items()):
            logs += slope * _log(name, panel.column(name))
            panel.release()
        return np.asarray(np.exp(np.clip(logs, *self.bounds)), np.float64)


@dataclass(frozen=True)
class UsualLevel:
    """Encoding of a panel, learnt on training rows only."""

    floor: float
    """Least escalations per day."""
    shares: dict[str, float]
    """Part of the mixture -> its share; they sum to 1, since a level is no forecast of growth."""
    regression: RateRegression

    def per_day(self, panel: Panel) -> Floats:
        """Return expected escalations per day of full exposure, (T, G)."""
        parts = _parts(panel, self.regression)
        mixed = np.zeros(panel.values.shape[1:])
        for name, share in sorted(self.shares.items()):
            mixed += share * parts[name]()
            panel.release()
        return np.asarray(np.maximum(mixed, self.floor))


def subject(panel: Panel) -> str:
    """Return whose counts the level is made of: escalations of new cases, which are all of them where the target counts new events."""
    return "new" if rate_column("new") in panel.names else "target"


def rate_column(about: str) -> str:
    """Return the column of the steadied long-run rate."""
    return "new_rate_grid" if about == "new" else USUAL_RATE


def fit_usual_level(panel: Panel, counts: npt.NDArray[np.floating], exposed_days: Floats, most_rows: int) -> UsualLevel:
    """Learn regression and shares from `counts` seen over `exposed_days`, both (T, G); the regression from so many rows at most."""
    regression = fit_regression(panel, counts, exposed_days, most_rows)
    floor = FLOOR_SHARE * float(counts.sum(dtype=np.float64) / exposed_days.sum())
    return UsualLevel(max(floor, NOTHING), _learn_shares(panel, counts, exposed_days, most_rows), regression)


def is_seldom(counts: npt.NDArray[np.floating]) -> bool:
    """Return whether so little happened, (T, G), that the regression alone is the level."""
    return bool(counts.sum(dtype=np.float64) < FEW_EVENTS * counts.shape[1])


def _learn_shares(panel: Panel, counts: npt.NDArray[np.floating], exposed_days: Floats, most_rows: int) -> dict[str, float]:
    """Learn the shares from the last as_ofs, for a regression that learnt from the first alone: in its own rows it would seem too good."""
    if is_seldom(counts):
        return {REGRESSION: 1.0}
    early, late = slice(0, round(LEARNT_UNTIL * len(counts))), slice(round(JUDGED_FROM * len(counts)), len(counts))
    regression = fit_regression(panel.at(early), counts[early], exposed_days[early], most_rows)
    return likeliest_shares(panel.at(late), counts[late], exposed_days[late], regression)


def likeliest_shares(panel: Panel, counts: npt.NDArray[np.floating], exposed_days: Floats, regression: RateRegression) -> dict[str, float]:
    """Return the shares under which `counts` over `exposed_days`, both (T, G), were likeliest."""
    parts = _parts(panel, regression)
    prior = {name: PRIOR_SHARES.get(name) for name in parts}
    unnamed = list(prior.values()).count(None)
    left = 1 - sum(share for share in prior.values() if share is not None)
    priors = {name: left / max(1, unnamed) if share is None else share for name, share in prior.items()}
    weights = fit_mixture_weights(((name, part() * exposed_days) for name, part in parts.items()), counts.astype(np.float64), priors)
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def fit_regression(panel: Panel, counts: npt.NDArray[np.floating], exposed_days: Floats, most_rows: int) -> RateRegression:
    """Fit the regression to `counts` seen over `exposed_days`, both (T, G)."""
    from sklearn.linear_model import PoissonRegressor  # noqa: PLC0415 - ranking reads a fit and needs no estimator

    names = [feature.name for feature in panel.features if feature.family == RATES_FAMILY] + [rate_column(subject(panel))]
    if not counts.any():
        return RateRegression(float(np.log(NOTHING)), {}, (float(np.log(NOTHING)),) * 2)
    most = fitting_rows(len(names), panel.piece_bytes // REGRESSION_TABLES, most_rows, FLOAT64_BYTES)
    rows = sample_alike(counts.size, most, SAMPLE_SEED)
    logs = np.stack([_log(name, panel.column(name).ravel()[rows]) for name in names], axis=1)
    center, spread = logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-6)
    days, seen = exposed_days.ravel()[rows], counts.ravel()[rows]
    with threadpool_limits(1):
        fit = PoissonRegressor(alpha=RIDGE, solver="newton-cholesky")
        fit.fit((logs - center) / spread, seen / days, sample_weight=days)
    slopes = fit.coef_ / spread
    intercept = float(fit.intercept_ - slopes @ center)
    fitted = intercept + logs @ slopes
    return RateRegression(intercept, dict(zip(names, slopes.tolist(), strict=True)), (float(fitted.min()), float(fitted.max())))


def _log(name: str, column: npt.NDArray[np.float32]) -> Floats:
    """Return the logarithm of rates, or of one more than counts, by the name of their column."""
    values = column.astype(np.float64)
    return np.asarray(np.log1p(values) if "_count_" in name else np.log(np.maximum(values, 1e-9)))


def _parts(panel: Panel, regression: RateRegression) -> dict[str, Callable[[], Floats]]:
    """Return what computes each of the rates per day that are mixed, (T, G); the trend only where there is more than one grid."""
    about = subject(panel)

    def rate() -> Floats:
        return panel.column(rate_column(about)).astype(np.float64)

    trend = {TREND: lambda: rate() * panel.column(DISTRICT_TREND)} if DISTRICT_TREND in panel.names else {}
    decays = [feature for feature in panel.features if feature.subject == about and feature.measure == "decay"]
    decayed = {feature.name: partial(_decayed_rate, panel, feature.name, feature.window_days or 0) for feature in decays}
    return {RATE: rate} | trend | {REGRESSION: partial(regression.per_day, panel)} | decayed


def _decayed_rate(panel: Panel, name: str, tau_days: int) -> Floats:
    """Divide a decayed count by the decayed days it was counted over."""
    decayed_days = np.cumsum(decay_weights(tau_days))
    observed = np.minimum(panel.column("history_days").astype(np.int64), len(decayed_days))
    return np.asarray(panel.column(name) / decayed_days[np.maximum(observed, 1) - 1])
