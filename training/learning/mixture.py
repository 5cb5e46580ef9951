"""Mixtures of rates: how much to believe each of several forecasts of the same count."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIOR_EVENTS = 1000.0
"""Expected escalations that the prior weights are worth."""
ROUNDS = 500
TINY = 1e-9
"""Added to every part, so that a row in which all are zero stays possible."""


def likeliest_weights(
    parts: dict[str, Floats], counts: Floats, prior: dict[str, float], prior_events: float = PRIOR_EVENTS
) -> dict[str, float]:
    """Return non-negative weights under which counts ~ Poisson(sum of weight x part) are likeliest (EM under gamma priors).

    >>> ones, counts = np.ones(9000), np.full(9000, 3.0)
    >>> weights = likeliest_weights({"right": 3 * ones, "half": 1.5 * ones}, counts, {"right": 0.5, "half": 0.5})
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
