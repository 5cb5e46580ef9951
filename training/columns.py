"""Columns: which features of a panel a model may learn from."""

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from training.booster import Columns


def choose_columns(panel: Panel) -> Columns:
    """Return the features the catalogue lets into a model, in panel order, without those that never change in this panel.

    A feature that needs more days of records than the panel has seen is left out too.
    """
    days_of_records = int(panel.as_ofs[-1] - panel.as_ofs[0] + panel.column("history_days")[0].max())
    chosen = [
        feature
        for feature in panel.features
        if feature.in_model and feature.min_history_days <= days_of_records and _varies(panel.column(feature.name))
    ]
    return Columns(tuple(feature.name for feature in chosen), tuple(feature.direction for feature in chosen))


def _varies(values: npt.NDArray[np.float32]) -> bool:
    """Tell whether a column holds two different values; missing is a value."""
    first = values.flat[0]
    return bool(((values != first) & ~(np.isnan(values) & np.isnan(first))).any())
