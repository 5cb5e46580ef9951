"""Estimates: a figure with its interval, or the reason why there is none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bootstrap import Blocks, interval

Floats = npt.NDArray[np.float64]
Cell = dict[str, Any]
"""`value` and `ci95`, both None where they cannot be estimated."""

LEAST_POSITIVES = 10
"""With fewer positive rows a figure says more about chance than about a model."""


@dataclass(frozen=True)
class Sample:
    """Rows and how often each block of them is drawn."""

    block: Blocks
    """(N,) block of each row."""
    weights: Floats
    """(R, blocks), the first row all ones."""

    def total(self, values: npt.NDArray[np.generic]) -> Floats:
        """Return the sum of values over the rows, then over every draw of them, (R,)."""
        return np.asarray(self.weights @ np.bincount(self.block, values, minlength=self.weights.shape[1]), np.float64)

    def ratio(self, part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Cell:
        """Estimate the sum of one column over that of another."""
        return estimate(divide(self.total(part), self.total(whole)))


def divide(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0))


def estimate(samples: Floats) -> Cell:
    """Return the value on the rows themselves and its 95 % interval over the draws."""
    return {"value": float(samples[0]) if np.isfinite(samples[0]) else None, "ci95": interval(samples)}


def too_few(positives: int) -> str | None:
    """Say why nothing is estimated from so few positive rows; None where they suffice."""
    if positives >= LEAST_POSITIVES:
        return None
    return f"不能估计：只有{positives}个网格期出现，少于{LEAST_POSITIVES}个"
