"""The three parts of the model: what may come of open cases, of closed ones, and of cases that are not in the log yet."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]


class Part(StrEnum):
    """One part; the expected counts of all add up to that of the grid."""

    OPEN = "open"
    """One row per open case at risk: the chance that it escalates within the horizon."""
    CLOSED = "closed"
    """One row per case closed lately: the chance that it comes back, or escalates after all."""
    NEW = "new"
    """One row per grid: escalations of cases that are not in the log yet."""

    @property
    def objective(self) -> str:
        """LightGBM's name of what is fitted."""
        return "poisson" if self is Part.NEW else "binary"

    def mean(self, margin: Floats) -> Floats:
        """Return the expected escalations of a row of weight 1 from its margin: a rate, or a chance."""
        return np.asarray(np.exp(margin) if self is Part.NEW else expit(margin), np.float64)

    def loss(self, margin: Floats, happened: Floats) -> Floats:
        """Return the negative log likelihood of each row, less what the margin does not change."""
        return np.asarray((np.exp(margin) if self is Part.NEW else np.logaddexp(0, margin)) - happened * margin)
