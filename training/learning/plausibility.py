"""Plausibility: the largest expected count that a grid's cases and its level can justify."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from training.learning.design_matrix import Design, sum_cells
from training.learning.model import Fitted
from training.learning.parts import Part

Floats = npt.NDArray[np.float64]

MOST_TIMES = 10.0
"""Largest multiple of the level of a grid, and of the mean level of all grids together, that new cases may bring."""


def most_expected(model: Fitted, panel: Panel) -> Floats:
    """Return the largest plausible number of escalations by a model, (T, G)."""
    return most_of(part.lay_out(panel, model.horizon_days) for part in model.parts)


def most_of(designs: Iterable[Design]) -> Floats:
    """Return the largest plausible number by the designs of all parts, (T, G): each case once, and `MOST_TIMES` the level of new ones."""
    return np.asarray(np.sum([_most(design) for design in designs], axis=0), np.float64)


def _most(design: Design) -> Floats:
    if design.part is not Part.NEW:
        return sum_cells(design.cell, design.weight, design.shape)
    level = np.exp(design.start).reshape(design.shape)
    return np.asarray(MOST_TIMES * (level + level.mean(axis=1, keepdims=True)))
