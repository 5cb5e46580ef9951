"""Case chances: how often open cases escalated of which a like chance had been foretold, so that a chance can be said as ten such cases."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Foretold chances at which the next group begins."""
LEAST_ROWS = 50
"""Foretold rows of a group from which its share can be told."""


@dataclass(frozen=True)
class CaseChances:
    """Share of the cases of each group that escalated."""

    escalated: tuple[float | None, ...]
    """From the lowest chance up; None where a group had too few rows. Empty where nothing was foretold."""

    def of(self, chances: Floats) -> Floats:
        """Return the share that escalated of the cases with like chances, (N,); NaN where it cannot be told."""
        if not self.escalated:
            return np.full(len(chances), np.nan)
        return np.array(self.escalated, np.float64)[np.searchsorted(EDGES, chances, side="right")]


NO_CHANCES = CaseChances(())


def learn_chances(chances: Floats, happened: Floats) -> CaseChances:
    """Count by group what became of rows whose chance was foretold before, (N,).

    >>> learn_chances(np.full(60, 0.45), np.array([1.0] * 24 + [0.0] * 36)).of(np.array([0.42, 0.95]))
    array([0.4, nan])
    """
    group = np.searchsorted(EDGES, chances, side="right")
    rows, escalated = (np.bincount(group, weights, len(EDGES) + 1) for weights in (np.ones(len(group)), happened))
    return CaseChances(tuple(float(e / n) if n >= LEAST_ROWS else None for e, n in zip(escalated.tolist(), rows.tolist(), strict=True)))
