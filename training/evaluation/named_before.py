"""Projects that the list named before the first event in their grid.

A project counts where it was public before its start, and its grid saw an event of the target after that and within `BEGUN_DAYS` of the
start. It was named if its grid was among the top `SHARE` of at least one list between the day after it became public and the day of that
event. Projects without a list in that time are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.facts import Facts
from features.panel.families.undertakings import BEGUN_DAYS
from features.undertakings.undertaking import UndertakingKind
from training.evaluation.metrics import flag

Floats = npt.NDArray[np.float64]
Span = tuple[int, npt.NDArray[np.bool_]]
"""Grid of a project, and which lists could have named it."""

SHARE = 0.05
LEAST = 5
"""With fewer projects nothing is said."""


@dataclass(frozen=True)
class NamedBefore:
    """Number of projects named before the first event in their grid."""

    projects: int
    named: float
    """Of equal scores each counts by its chance to be among the top."""
    by_chance: float
    """The same, had the grid of each project been any other."""

    @property
    def line(self) -> str:
        """One sentence for the notes of a backtest."""
        return (
            f"projects: the top {SHARE:.0%} named {self.named:.0f} of {self.projects} before the first event in their grid; "
            f"of as many grids drawn by lot {self.by_chance:.0f}."
        )


def count_named_before(facts: Facts, as_ofs: Days, expected: Floats) -> NamedBefore | None:
    """Count the projects that lists by `expected` (T, G) named in time; None where there are fewer than `LEAST`."""
    spans = list(_spans(facts, as_ofs))
    if len(spans) < LEAST:
        return None
    top = flag(expected.ravel(), np.repeat(np.arange(len(as_ofs)), expected.shape[1]), SHARE).reshape(expected.shape)
    named = [top[lists].max(axis=0) for _, lists in spans]
    own = sum(float(grids[grid]) for (grid, _), grids in zip(spans, named, strict=True))
    return NamedBefore(len(spans), own, sum(float(grids.mean()) for grids in named))


def _spans(facts: Facts, as_ofs: Days) -> Iterator[Span]:
    """Yield the projects that count; each by its last version, which must have been public since the first list."""
    rows = facts.undertakings
    projects = [place for place, (kind, _) in enumerate(facts.undertaking_kinds) if kind == UndertakingKind.PROJECT]
    announced = np.isin(rows.kind, projects) & (rows.until_day == NEVER) & (rows.known_day < rows.start_day)
    judged = announced & (rows.known_day >= as_ofs[0] - 1) & (rows.start_day + BEGUN_DAYS <= as_ofs[-1])
    for row in np.flatnonzero(judged):
        grid, known, end = int(rows.grid[row]), rows.known_day[row], rows.start_day[row] + BEGUN_DAYS
        events = facts.target.occurred_day[facts.target.grid == grid]
        first = events[(events > known) & (events < end)].min(initial=NEVER)
        lists = (as_ofs > known) & (as_ofs <= first)
        if first < NEVER and lists.any():
            yield grid, lists
