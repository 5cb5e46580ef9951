"""Ground: what trees grow on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import Days
from training.learning.booster import Columns, Rows
from training.learning.columns import choose_columns
from training.learning.examples import Examples
from training.learning.relative import read_rows
from training.learning.start import start_per_day
from training.learning.usual_level import UsualLevel, fit_usual_level
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """Columns and level learnt from all examples, and the rows of the mature ones."""

    columns: Columns
    level: UsualLevel
    as_ofs: Days
    rows: Rows


def prepare(examples: Examples, settings: ModelSettings) -> Ground:
    """Learn the level and lay out the rows that trees learn from: those of mature as_ofs, or of all where none is mature."""
    columns = choose_columns(examples.panel, settings.exclude_families)
    level = fit_usual_level(examples.panel, examples.counts, examples.exposed_days())
    mature = examples.mature(settings)
    part = mature if len(mature.counts) else examples
    start = start_per_day(part.panel, level, part.gap.horizon_days) * part.exposed_days()
    rows = Rows(read_rows(part.panel, level, columns.names), part.counts.ravel(), np.log(start).ravel())
    return Ground(columns, level, part.panel.as_ofs, rows)
