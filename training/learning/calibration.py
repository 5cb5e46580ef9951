"""Calibration: from an expected count to the probability of at least one escalation, keeping the order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Two numbers: log-odds = intercept + slope x log(expected count)."""

    intercept: float = 0.0
    slope: float = 1.0

    def risk(self, log_expected: Floats) -> Floats:
        """Return P(at least one), in (0, 1), increasing in the expected count."""
        return np.asarray(expit(self.intercept + self.slope * log_expected))


def calibrate(log_expected: Floats, counts: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> Calibration:
    """Fit the two numbers to predictions of rows the model has not learnt from.

    Where the rows are all alike, or the order of the predictions is wrong, nothing can be fitted that keeps the order:
    the odds then equal the expected count.
    """
    positive = counts.ravel() >= 1
    if positive.all() or not positive.any():
        return Calibration()
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(log_expected.reshape(-1, 1), positive)
    slope = float(fit.coef_[0, 0])
    return Calibration(float(fit.intercept_[0]), slope) if slope > 0 else Calibration()
