"""Negative-binomial regression: counts with more spread than Poisson, log link, ridge penalty; fitted by maximum likelihood."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

Floats = npt.NDArray[np.float64]

MOST_STEPS = 200
LOG_LIMIT = 30.0
"""Bound of the log of an expected count while the fit is under way."""


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
