"""Examples: what a model may learn from on a given day."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts
from features.panel.build import Panel
from training.learning.folds import Fold, Gap
from training.learning.labels import Counts, count_labels
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """As_ofs to learn from: what was known, and what followed; tables are (T, G)."""

    panel: Panel
    counts: Counts
    exposure: Floats
    """Share of the horizon that was recorded; the model predicts for a fully recorded one."""
    gap: Gap
    target: str

    def part(self, chosen: slice) -> "Examples":
        """Return the as_ofs of one slice."""
        return replace(self, panel=at(self.panel, chosen), counts=self.counts[chosen], exposure=self.exposure[chosen])

    def mature(self, settings: ModelSettings) -> "Examples":
        """Return the as_ofs with enough days of records before them."""
        return self.part(slice(int((self.panel.column("history_days")[:, 0] < settings.least_history_days).sum()), None))

    def exposed_days(self) -> Floats:
        """Return recorded days within each horizon."""
        return self.exposure * self.gap.horizon_days


def at(panel: Panel, chosen: slice) -> Panel:
    """Return a panel of some of its as_ofs."""
    return replace(panel, as_ofs=panel.as_ofs[chosen], values=panel.values[:, chosen])


def training_part(facts: Facts, panel: Panel, fold: Fold, gap: Gap) -> Examples:
    """Return what could be learnt from on the day of the fold's cutoff."""
    known = at(panel, fold.train)
    counts = count_labels(facts, known.as_ofs, gap.horizon_days, known_before=fold.cutoff)
    return Examples(known, counts, np.ones(counts.shape), gap, facts.target_name)
