"""Design matrices: which columns trees may read of each part, the margin they start from, and where each row belongs.

A tree can follow a step in a ratio, not a proportion over the whole range of levels; so columns on recent escalations are held against the
learnt level, where a ratio of 1 is no news, whatever the grid.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from features.errors import UsageError
from features.panel.as_ofs import LOOKBACKS
from features.panel.build import ColumnValues, Matrix, Panel
from features.panel.case_columns import DUE_ODDS, KIND_ODDS
from features.panel.case_rows import CaseRows
from features.panel.families.trends import against_level
from features.panel.feature import Feature, Use
from features.storage.array_files import release
from training.learning.booster import Columns
from training.learning.case_start import CaseStart
from training.learning.parts import Part
from training.learning.usual_level import USUAL_RATE, UsualLevel, rate_column, subject

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Start = CaseStart | UsualLevel

RECENT_TAU = 28
BLOCK_VALUES = 2**24
"""Values that are laid out at a time where rows are looked at one after the other."""

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


@dataclass(frozen=True)
class Design:
    """Rows of one part over a panel; arrays have shape (N,)."""

    part: Part
    shape: tuple[int, int]
    """As_ofs and grids of the panel."""
    columns: ColumnValues
    """Design matrix of the trees: F columns, each (N,), float32."""
    start: Floats
    """Margin before any tree."""
    cell: npt.NDArray[np.int64]
    """as_of x G + grid of each row."""
    weight: Floats

    def take(self, rows: slice | Positions) -> Matrix:
        """Return what the trees read of some rows, (n, F); of columns in a file no more than one is in memory at a time."""
        taken = np.empty((len(self.columns), len(self.start[rows])), np.float32)
        for values, column in zip(taken, self.columns, strict=True):
            values[:] = column[rows]
            release(column)
        return taken.T

    def blocks(self) -> Iterator[slice]:
        """Yield consecutive rows, a few at a time."""
        size = max(1, BLOCK_VALUES // max(1, len(self.columns)))
        for first in range(0, len(self.start), size):
            yield slice(first, min(first + size, len(self.start)))

    def without_columns(self) -> Self:
        """Return the design without what the trees read."""
        return replace(self, columns=())

    def sums(self, margin: Floats) -> Floats:
        """Return the expected escalations per as_of and grid, (T, G), by the margins of the rows."""
        return sum_cells(self.cell, self.part.mean(margin) * self.weight, self.shape)


def sum_cells(cell: npt.NDArray[np.int64], values: Floats, shape: tuple[int, int]) -> Floats:
    """Sum values (N,) per cell, (T, G)."""
    return np.bincount(cell, values, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def cases_of(panel: Panel, part: Part) -> CaseRows:
    """Return the case rows that a part is about."""
    return panel.open_cases if part is Part.OPEN else panel.closed_cases


def columns_of(panel: Panel, part: Part, without: Collection[str]) -> Columns:
    """Return what the trees of a part may read of a panel; of grids without the families `without`."""
    if part is Part.NEW:
        return choose_columns(panel, without)
    rows = cases_of(panel, part)
    chosen = [column for column, values in zip(rows.columns, rows.values, strict=True) if varies(values)]
    learnt = (KIND_ODDS, DUE_ODDS) if any(column.name == "falls_due" for column in chosen) else (KIND_ODDS,)
    return Columns(tuple(column.name for column in (*learnt, *chosen)), tuple(column.direction for column in (*learnt, *chosen)))


def lay_out(panel: Panel, part: Part, start: Start, names: tuple[str, ...], horizon_days: int) -> Design:
    """Return the rows of a part as a model with this start reads them, for a fully recorded horizon."""
    shape = len(panel.as_ofs), len(panel.grid_ids)
    if isinstance(start, UsualLevel):
        per_day = start.per_day(panel)
        cells = np.arange(per_day.size)
        margin = np.log(per_day * horizon_days).ravel()
        return Design(part, shape, _grid_columns(panel, per_day, names), margin, cells, np.ones(per_day.size))
    rows = cases_of(panel, part)
    margin = start.margin(rows)
    learnt = {KIND_ODDS.name: start.odds.margin(rows), DUE_ODDS.name: start.odds.due_margin(rows)}
    columns = tuple(learnt[name].astype(np.float32) if name in learnt else rows.column(name) for name in names)
    return Design(part, shape, columns, margin, cells_of(rows, shape[1]), rows.weight)


def cells_of(rows: CaseRows, grids: int) -> npt.NDArray[np.int64]:
    """Return as_of x G + grid of each row."""
    return rows.as_of.astype(np.int64) * grids + rows.grid


def _grid_columns(panel: Panel, per_day: Floats, names: tuple[str, ...]) -> ColumnValues:
    about = subject(panel)
    usual = {USUAL_RATE: per_day, f"{about}_decay_grid_{RECENT_TAU}d": per_day / panel.column(rate_column(about))}
    ratios = {}
    observed = panel.column("history_days").astype(np.float64)
    for days in LOOKBACKS:
        counted = panel.column(f"{about}_count_grid_{days}d").astype(np.float64)
        ratios[f"{about}_ratio_grid_{days}d"] = against_level(counted, per_day * np.minimum(observed, days)).astype(np.float32)
        panel.release()
    return panel.columns(names, usual | ratios)
