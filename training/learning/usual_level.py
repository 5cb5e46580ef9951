"""Usual level: a grid's own rate of escalations, from panel columns, with what training rows taught about how to mix them.

The grid's long-run rate (empirical Bayes, a panel column), the same rate following the district's last weeks, and the grid's decayed counts
each foretell the next days. Their shares are those under which the training labels were likeliest: a busy grid soon speaks for itself,
a quiet one leans on its year and its surroundings.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.panel.block import decay_weights
from features.panel.build import Panel

Floats = npt.NDArray[np.float64]

PRIOR_EVENTS = 1000.0
"""Expected escalations that the prior weights are worth."""
ROUNDS = 500
TINY = 1e-9
"""Added to every part, so that a row in which all are zero stays possible."""


def fit_mixture_weights(
    parts: dict[str, Floats], counts: Floats, prior: dict[str, float], prior_events: float = PRIOR_EVENTS
) -> dict[str, float]:
    """Return non-negative weights under which counts ~ Poisson(sum of weight x part) are likeliest (EM under gamma priors).

    >>> ones, counts = np.ones(9000), np.full(9000, 3.0)
    >>> weights = fit_mixture_weights({"right": 3 * ones, "half": 1.5 * ones}, counts, {"right": 0.5, "half": 0.5})
    >>> round(3 * weights["right"] + 1.5 * weights["half"], 1)
    3.0
    """
    table = np.stack([part.ravel() for part in parts.values()]) + TINY
    before = np.array([prior[name] for name in parts])
    weights, totals = before, table.sum(axis=1)
    happened = np.flatnonzero(counts)
    seen, table = counts.ravel()[happened], table[:, happened]
    for _ in range(ROUNDS):
        weights = (weights * (table @ (seen / (weights @ table))) + prior_events * before) / (totals + prior_events)
    return dict(zip(parts, weights.tolist(), strict=True))


USUAL_RATE = "usual_rate_grid"
DISTRICT_TREND = "target_ratio_district_28d"
TREND = "usual_rate_grid with district trend"
RECENT = "target_decay_grid_28d"
"""The column that speaks for the difference between the usual rate and the level; trees read it as their ratio."""

PRIOR_SHARES = {USUAL_RATE: 0.4, TREND: 0.3}
"""Shares before any row is seen; the decayed counts have the rest in equal parts."""

FLOOR_SHARE = 0.01
"""The level is at least this share of the mean rate, so that its logarithm stays finite."""


@dataclass(frozen=True)
class UsualLevel:
    """How to read a panel; learnt on training rows only."""

    floor: float
    """Least escalations per day."""
    shares: dict[str, float]
    """Part of the mixture -> its share; they sum to 1, since a level is no forecast of growth."""

    def per_day(self, panel: Panel) -> Floats:
        """Return expected escalations per day of full exposure, (T, G)."""
        parts = _parts(panel)
        mixed = np.sum([share * parts[name] for name, share in sorted(self.shares.items())], axis=0)
        return np.asarray(np.maximum(mixed, self.floor))


def fit_usual_level(panel: Panel, counts: npt.NDArray[np.floating], exposed_days: Floats) -> UsualLevel:
    """Learn the shares from `counts` seen over `exposed_days`, both (T, G)."""
    parts = {name: part * exposed_days for name, part in _parts(panel).items()}
    others = (1 - sum(PRIOR_SHARES.values())) / max(1, len(parts) - len(PRIOR_SHARES))
    weights = fit_mixture_weights(parts, counts.astype(np.float64), {name: PRIOR_SHARES.get(name, others) for name in parts})
    floor = FLOOR_SHARE * float(counts.sum(dtype=np.float64) / exposed_days.sum())
    return UsualLevel(floor, {name: weight / sum(weights.values()) for name, weight in weights.items()})


def _parts(panel: Panel) -> dict[str, Floats]:
    """Return the rates per day that are mixed; the trend only where there is more than one grid."""
    usual = panel.column(USUAL_RATE).astype(np.float64)
    trend = {TREND: usual * panel.column(DISTRICT_TREND)} if DISTRICT_TREND in panel.names else {}
    return (
        {USUAL_RATE: usual}
        | trend
        | {
            feature.name: _decayed_rate(panel, feature.name, feature.window_days)
            for feature in panel.features
            if (feature.subject, feature.measure) == ("target", "decay") and feature.window_days
        }
    )


def _decayed_rate(panel: Panel, name: str, tau_days: int) -> Floats:
    """Divide a decayed count by the decayed days it was counted over."""
    decayed_days = np.cumsum(decay_weights(tau_days))
    observed = np.minimum(panel.column("history_days").astype(np.int64), len(decayed_days))
    return np.asarray(panel.column(name) / decayed_days[np.maximum(observed, 1) - 1])
