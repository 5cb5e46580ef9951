"""Columns: which features of a panel a model may learn from."""

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from features.panel.catalogue import Feature
from training.booster import Columns
from training.usual_level import RECENT

STATES = frozenset({"backlog", "repeats"})
"""Families whose counts have a window and yet say how things stand, not how much usually comes in."""


def choose_columns(panel: Panel) -> Columns:
    """Return the features the catalogue lets into a model, in panel order, without those that never change in this panel.

    Bare counts of what came in over a window stay out: they repeat the level that boosting starts from, and what is news in them is in
    the ratios. So does a feature that needs more days of records than the panel has seen.
    """
    days_of_records = int(panel.as_ofs[-1] - panel.as_ofs[0] + panel.column("history_days")[0].max())
    chosen = [
        feature
        for feature in panel.features
        if feature.in_model
        and not _is_bare_count(feature)
        and feature.min_history_days <= days_of_records
        and _varies(panel.column(feature.name))
    ]
    return Columns(tuple(feature.name for feature in chosen), tuple(feature.direction for feature in chosen))


def _is_bare_count(feature: Feature) -> bool:
    return feature.window_days is not None and feature.unit != "ratio" and feature.family not in STATES and feature.name != RECENT


def _varies(values: npt.NDArray[np.float32]) -> bool:
    """Tell whether a column holds two different values; missing is a value."""
    first = values.flat[0]
    return bool(((values != first) & ~(np.isnan(values) & np.isnan(first))).any())
