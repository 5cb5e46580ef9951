"""Parts of the test rows that are scored on their own, chosen by what was known at as_of, never by a model."""

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from training.baselines import z_score
from training.flags import flag

Flags = npt.NDArray[np.bool_]

QUIET_DAYS = 90
CHRONIC_SHARE = 0.1
RISING_Z = 1.0


SUBSETS = ("onset", "chronic", "rising")


def subsets(panel: Panel) -> dict[str, Flags]:
    """Return name -> which rows belong to it, (T, G)."""
    return dict(zip(SUBSETS, (_quiet(panel), _chronic(panel), z_score(panel) >= RISING_Z), strict=True))


def _quiet(panel: Panel) -> Flags:
    """Tell where nothing is open and nothing was reported for 90 days: an escalation there comes out of the blue."""
    signs = [
        panel.column(feature.name)
        for feature in panel.features
        if feature.name.endswith("_open_count_grid") or (feature.family == "counts" and feature.window_days == QUIET_DAYS)
    ]
    return np.all([sign == 0 for sign in signs], axis=0) if signs else np.zeros(panel.values.shape[1:], np.bool_)


def _chronic(panel: Panel) -> Flags:
    """Tell which grids are among the tenth with the most escalations of the last year."""
    counts = panel.column("target_count_grid_365d")
    as_of = np.repeat(np.arange(len(counts)), counts.shape[1])
    return np.asarray((flag(counts.ravel(), as_of, CHRONIC_SHARE) == 1).reshape(counts.shape) & (counts > 0))
