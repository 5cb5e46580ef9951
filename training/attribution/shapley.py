"""The only module that knows shap: what each column adds to a model's margin, alone and together with another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shap

from training.learning.booster import Booster, contributions, read_booster

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


def shapley_values(booster: str, matrix: Matrix) -> Floats:
    """Return what each column adds to the margin, (N, F), by LightGBM's own TreeSHAP; zeros where no tree splits."""
    return contributions(read_booster(booster), matrix)[:, :-1]


def shapley_interactions(booster: str, matrix: Matrix) -> Floats:
    """Return what each two columns add together beyond what each adds alone, (N, F, F), half of it on either side of the diagonal."""
    trees = read_booster(booster)
    if not _splits(trees):
        return np.zeros((*matrix.shape, matrix.shape[1]))
    return np.asarray(shap.TreeExplainer(trees).shap_interaction_values(matrix), np.float64)


def beeswarm(axes: Any, values: Floats, matrix: Matrix, labels: Sequence[str], colours: Any) -> None:
    """Draw one dot per row and column on matplotlib axes, the strongest column on top."""
    explanation = shap.Explanation(values, np.zeros(len(values)), matrix, feature_names=list(labels))
    options = {"max_display": len(labels), "color": colours, "color_bar": False, "s": 9, "plot_size": None, "show": False}
    shap.plots.beeswarm(explanation, ax=axes, group_remaining_features=False, **options)


def _splits(trees: Booster) -> bool:
    return bool(np.any(trees.feature_importance()))
