"""Plausibility: the largest expected count that a grid's cases and its level can justify."""

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from training.learning.design_matrix import cases_of, cells_of, sum_cells
from training.learning.model import Fitted
from training.learning.usual_level import UsualLevel

Floats = npt.NDArray[np.float64]

MOST_TIMES = 10.0
"""How many times the level of a grid and the mean level of all grids together new cases may bring."""


def most_expected(model: Fitted, panel: Panel) -> Floats:
    """Return the largest plausible number of escalations, (T, G): every case at risk once, and `MOST_TIMES` the level of new ones."""
    shape = len(panel.as_ofs), len(panel.grid_ids)
    most = np.zeros(shape)
    for part in model.parts:
        if isinstance(part.start, UsualLevel):
            level = part.start.per_day(panel) * model.horizon_days
            most += MOST_TIMES * (level + level.mean(axis=1, keepdims=True))
        else:
            rows = cases_of(panel, part.part)
            most += sum_cells(cells_of(rows, shape[1]), rows.weight, shape)
    return most
