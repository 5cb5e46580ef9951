"""Examples: what a model may learn from on a given day."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from features.facts.facts import Codes, Facts
from features.panel.build import Panel
from training.learning.design_matrix import cases_of, cells_of, sum_cells
from training.learning.folds import Fold, Gap
from training.learning.labels import Counts, case_outcomes, count_labels
from training.learning.parts import Part
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
    outcomes: Mapping[Part, Codes] = field(default_factory=dict)
    """Outcomes of the case rows of each part within the horizon: 0, or a member of `Outcome`."""
    new_outcomes: Codes = field(default_factory=lambda: np.zeros(0, np.int16))
    """Outcomes of cases that escalated within one horizon of their report, one entry each."""
    hazards: Counts | None = None
    """Escalations from which the target is predicted, where they are not its own counts."""

    def part(self, chosen: slice) -> "Examples":
        """Return consecutive as_ofs."""
        return replace(
            self,
            panel=self.panel.at(chosen),
            counts=self.counts[chosen],
            exposure=self.exposure[chosen],
            outcomes={part: codes[self._span(part, chosen)] for part, codes in self.outcomes.items()},
            hazards=None if self.hazards is None else self.hazards[chosen],
        )

    def mature(self, model_settings: ModelSettings) -> "Examples":
        """Return the as_ofs with enough days of records before them."""
        return self.part(slice(int((self.panel.column("history_days")[:, 0] < model_settings.least_history_days).sum()), None))

    def exposed_days(self) -> Floats:
        """Return recorded days within each horizon."""
        return self.exposure * self.gap.horizon_days

    @property
    def scale(self) -> float:
        """Ratio of the target's own escalations to those it is predicted from: below 1 for a rare target with a parent."""
        if self.hazards is None or not self.hazards.any():
            return 1.0
        return float(self.counts.sum(dtype=np.float64) / self.hazards.sum(dtype=np.float64))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of which there is something to learn: those of cases only where some escalated and some did not."""
        varied = [part for part, codes in self.outcomes.items() if (codes > 0).any() and (codes == 0).any()]
        return (*varied, Part.NEW)

    def happened(self, part: Part) -> Floats:
        """Return what followed each row of a part: 1 where the case escalated, or escalations of cases not in the log yet."""
        if part is not Part.NEW:
            return (self.outcomes[part] > 0).astype(np.float64)
        counts = (self.counts if self.hazards is None else self.hazards).astype(np.float64)
        for known in self.parts[:-1]:
            rows = cases_of(self.panel, known)
            counts = counts - sum_cells(cells_of(rows, counts.shape[1]), rows.weight * (self.outcomes[known] > 0), counts.shape)
        return np.maximum(counts, 0.0).ravel()

    def _span(self, part: Part, chosen: slice) -> slice:
        return cases_of(self.panel, part).span(slice(*chosen.indices(len(self.counts))))


def training_part(facts: Facts, panel: Panel, fold: Fold, gap: Gap) -> Examples:
    """Return what could be learnt from on the day of the fold's cutoff."""
    known = panel.at(fold.train)
    horizon, cutoff = gap.horizon_days, fold.cutoff
    counts = count_labels(facts, known.as_ofs, horizon, known_before=cutoff)
    outcomes = {part: case_outcomes(facts, cases_of(known, part), known.as_ofs, horizon, cutoff) for part in (Part.OPEN, Part.CLOSED)}
    hazards = None if facts.hazards is facts.target else count_labels(replace(facts, target=facts.hazards), known.as_ofs, horizon, cutoff)
    return Examples(
        panel=known,
        counts=counts,
        exposure=np.ones(counts.shape),
        gap=gap,
        target=facts.target_name,
        outcomes=outcomes,
        new_outcomes=_new_outcomes(facts, horizon, cutoff),
        hazards=hazards,
    )


def _new_outcomes(facts: Facts, horizon_days: int, cutoff: int) -> Codes:
    """Return how cases escalated within one horizon of their report, as known before the cutoff."""
    marks = facts.hazards
    soon = marks.occurred_day - facts.cases.known_day[marks.case] < horizon_days
    return marks.outcome[soon & (marks.known_day < cutoff)]
