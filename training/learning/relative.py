"""What trees read: panel columns, those on recent escalations held against the learnt level, and that against the long-run rate.

A tree can follow a step in a ratio, not a proportion over the whole range of levels; against the level it starts from, a ratio of 1 is no
news, whatever the grid.
"""

import numpy as np
import numpy.typing as npt

from features.panel.build import Matrix, Panel
from features.panel.families.trends import against_level
from features.panel.when import LOOKBACKS
from training.learning.usual_level import RECENT, USUAL_RATE, UsualLevel

Floats = npt.NDArray[np.float64]


def read_rows(panel: Panel, level: UsualLevel, names: tuple[str, ...]) -> Matrix:
    """Return the rows of a panel (T * G, len(names)) as a model with this level reads them."""
    return panel.matrix(names, _against_learnt_level(panel, level.per_day(panel)))


def _against_learnt_level(panel: Panel, per_day: Floats) -> dict[str, Floats]:
    columns = {USUAL_RATE: per_day, RECENT: per_day / panel.column(USUAL_RATE)}
    observed = panel.column("history_days").astype(np.float64)
    for days in LOOKBACKS:
        counted = panel.column(f"target_count_grid_{days}d").astype(np.float64)
        columns[f"target_ratio_grid_{days}d"] = against_level(counted, per_day * np.minimum(observed, days))
    return columns
