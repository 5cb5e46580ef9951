"""Calibration: from an expected count to P(at least one escalation), and how often cases of a predicted chance escalated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PRIOR_SPREAD = 2.0
"""Standard deviation of log(size) about 0 before any row is seen: where few rows expect much, the rows say nothing of it."""
BOUNDS = ((-20.0, 20.0), (-5.0, 10.0), (-4.0, 8.0))
"""Of intercept, slope and log(size)."""
GROUPS = 500
"""Rows are told apart by score so finely, which costs nothing beside fitting to every single one."""

EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Foretold chances at which the next group begins."""
LEAST_ROWS = 50
"""Predicted rows of a group from which its share can be told."""


@dataclass(frozen=True)
class Calibration:
    """The chance that a negative binomial count is not zero: 1 - (1 + m / size) ** -size with log m = intercept + slope x log(expected)."""

    intercept: float = 0.0
    slope: float = 1.0
    size: float = 1.0
    """1 takes m for the odds, as models before this link did; where it is large the count is Poisson."""

    def mean(self, log_expected: Floats) -> Floats:
        """Return m, the mean of the count that the chance belongs to."""
        return np.asarray(np.exp(self.intercept + self.slope * log_expected))

    def risk(self, log_expected: Floats) -> Floats:
        """Return P(at least one), in (0, 1), increasing in the expected count."""
        return np.asarray(-np.expm1(-self.size * np.log1p(self.mean(log_expected) / self.size)))


def calibrate(log_expected: Floats, counts: npt.NDArray[np.floating] | Flags) -> Calibration:
    """Fit the three numbers by maximum likelihood to predictions of rows the model has not learnt from.

    Where the rows are all alike, or the order of the predictions is wrong, nothing can be fitted that keeps the order:
    the odds then equal the expected count.
    """
    positive, logs = counts.ravel() >= 1, log_expected.ravel()
    if positive.all() or not positive.any():
        return Calibration()
    center, spread = float(logs.mean()), max(float(logs.std()), 1e-9)
    groups = _group((logs - center) / spread, positive)
    start = np.array([np.log(positive.mean()), min(spread, BOUNDS[1][1]), 0.0])
    from scipy.optimize import minimize  # noqa: PLC0415 - ranking reads a fit and needs no solver

    fit = minimize(_loss, start, groups, jac=True, method="L-BFGS-B", bounds=BOUNDS, options={"maxiter": 200})
    level, rise, log_size = fit.x.tolist()
    slope = rise / spread
    return Calibration(level - slope * center, slope, float(np.exp(log_size))) if slope > 0 else Calibration()


def _group(logs: Floats, positive: Flags) -> tuple[Floats, Floats, Floats]:
    """Take rows of nearly equal score together: their mean score, how many saw an escalation and how many did not, (GROUPS,) or fewer."""
    low, high = logs.min(), logs.max()
    group = ((logs - low) * (GROUPS / max(high - low, 1e-9))).astype(np.int64)
    rows, scores, seen = (np.bincount(group, values).astype(np.float64) for values in (np.ones(len(logs)), logs, positive))
    some = np.flatnonzero(rows)
    return scores[some] / rows[some], seen[some], rows[some] - seen[some]


def _loss(point: Floats, logs: Floats, seen: Floats, unseen: Floats) -> tuple[float, Floats]:
    """Return the negative log likelihood and its gradient in level, slope and log(size)."""
    level, slope, log_size = point
    size, mean = np.exp(log_size), np.exp(np.clip(level + slope * logs, -40, 40))
    ratio = mean / size
    hazard = np.maximum(size * np.log1p(ratio), 1e-300)  # -log P(none)
    loss = unseen @ hazard - seen @ np.log(-np.expm1(-hazard)) + (log_size / PRIOR_SPREAD) ** 2 / 2
    by_hazard = unseen - seen / np.expm1(np.minimum(hazard, 700))
    by_log_mean = by_hazard * mean / (1 + ratio)
    by_log_size = by_hazard @ (hazard - mean / (1 + ratio)) + log_size / PRIOR_SPREAD**2
    return float(loss), np.array([by_log_mean.sum(), by_log_mean @ logs, by_log_size])


@dataclass(frozen=True)
class CaseChances:
    """Share of the cases of each group that escalated."""

    escalated: tuple[float | None, ...]
    """From the lowest chance up; None where a group had too few rows. Empty where nothing was predicted."""

    def of(self, chances: Floats) -> Floats:
        """Return the share that escalated of the cases with like chances, (N,); NaN where it cannot be told."""
        if not self.escalated:
            return np.full(len(chances), np.nan)
        return np.array(self.escalated, np.float64)[np.searchsorted(EDGES, chances, side="right")]


NO_CHANCES = CaseChances(())


def learn_chances(chances: Floats, happened: Floats) -> CaseChances:
    """Count by group what became of rows whose chance was predicted before, (N,).

    >>> learn_chances(np.full(60, 0.45), np.array([1.0] * 24 + [0.0] * 36)).of(np.array([0.42, 0.95]))
    array([0.4, nan])
    """
    group = np.searchsorted(EDGES, chances, side="right")
    rows, escalated = (np.bincount(group, weights, len(EDGES) + 1) for weights in (np.ones(len(group)), happened))
    return CaseChances(tuple(float(e / n) if n >= LEAST_ROWS else None for e, n in zip(escalated.tolist(), rows.tolist(), strict=True)))
