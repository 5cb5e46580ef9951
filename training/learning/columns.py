"""Columns: which features of a panel a model may learn from."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from features.errors import UsageError
from features.panel.build import Panel
from features.panel.feature import Feature, Use
from training.learning.booster import Columns

PIECE = 2**18
"""Values that are looked at before the next ones; most columns differ among the first."""


def choose_columns(panel: Panel, without: Collection[str] = ()) -> Columns:
    """Return the features declared for a model, in panel order, without those that never change in this panel.

    A feature that needs more days of records than the panel has seen stays out, and so does every feature of the families `without`.

    Raises:
        UsageError: the panel has no such family.
    """
    left_out = _known(panel, without)
    chosen = [feature for feature in _readable(panel) if feature.family not in left_out]
    return Columns(tuple(feature.name for feature in chosen), tuple(feature.direction for feature in chosen))


def families_read(panel: Panel) -> tuple[str, ...]:
    """Return the families of which a model may read at least one feature, in panel order."""
    return tuple(dict.fromkeys(feature.family for feature in _readable(panel)))


def _known(panel: Panel, without: Collection[str]) -> frozenset[str]:
    families = {feature.family for feature in panel.features}
    if unknown := sorted(set(without) - families):
        raise UsageError(f"a family to leave out must be one of {', '.join(sorted(families))}, got {', '.join(unknown)}.")
    return frozenset(without)


def _readable(panel: Panel) -> list[Feature]:
    days_of_records = int(panel.as_ofs[-1] - panel.as_ofs[0] + panel.column("history_days")[0].max())
    return [
        feature
        for feature in panel.features
        if feature.use is Use.MODEL and feature.min_history_days <= days_of_records and varies(panel.column(feature.name))
    ]


def varies(values: npt.NDArray[np.float32]) -> bool:
    """Tell whether a column holds two different values; missing is a value."""
    column, first = values.reshape(-1), values.flat[0]
    pieces = (column[start : start + PIECE] for start in range(0, len(column), PIECE))
    return any(bool(((piece != first) & ~(np.isnan(piece) & np.isnan(first))).any()) for piece in pieces)
