"""DesignMatrix: what trees grow on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.panel.as_ofs import LOOKBACKS
from features.panel.build import Matrix, Panel
from features.panel.families.trends import against_level
from training.learning.booster import Columns, Rows
from training.learning.columns import choose_columns
from training.learning.examples import Examples
from training.learning.init_score import init_score_per_day
from training.learning.usual_level import RECENT, USUAL_RATE, UsualLevel, fit_usual_level
from training.settings import ModelSettings

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


@dataclass(frozen=True)
class DesignMatrix:
    """Columns and level learnt from all examples, and the rows of the mature ones."""

    columns: Columns
    level: UsualLevel
    as_ofs: Days
    rows: Rows


def prepare(examples: Examples, settings: ModelSettings) -> DesignMatrix:
    """Learn the level and lay out the rows that trees learn from: those of mature as_ofs, or of all where none is mature."""
    columns = choose_columns(examples.panel, settings.exclude_families)
    level = fit_usual_level(examples.panel, examples.counts, examples.exposed_days())
    mature = examples.mature(settings)
    part = mature if len(mature.counts) else examples
    start = init_score_per_day(part.panel, level, part.gap.horizon_days) * part.exposed_days()
    rows = Rows(read_rows(part.panel, level, columns.names), part.counts.ravel(), np.log(start).ravel())
    return DesignMatrix(columns, level, part.panel.as_ofs, rows)
