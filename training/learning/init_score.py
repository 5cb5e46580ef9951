"""Start: the rate from which the trees begin."""

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from training.learning.usual_level import UsualLevel

Floats = npt.NDArray[np.float64]

DUE = "due_expected_grid"
"""Escalations expected within the horizon of cases now open; a column only where the target has a rule that fires by the clock."""
QUICK = "quick_rate_grid"
"""Escalations per day expected of cases not yet reported."""


def init_score_per_day(panel: Panel, level: UsualLevel, horizon_days: int) -> Floats:
    """Return the escalations per day, (T, G), that are expected before any tree is asked.

    That is the usual level; where cases fall due it is what is expected of those open and of those not yet reported.
    """
    if DUE not in panel.names:
        return level.per_day(panel)
    known = panel.column(DUE).astype(np.float64) / horizon_days
    return np.asarray(np.maximum(known + panel.column(QUICK), level.floor))
