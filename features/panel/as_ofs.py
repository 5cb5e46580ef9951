"""The moments a panel looks from, and the windows behind each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.facts import Facts
from features.panel.counters import Cube, Edges

Values = npt.NDArray[np.float64]

LOOKBACKS = (7, 14, 28, 90, 182, 365)
"""Window lengths, in days, that counters can answer."""

MEMORY_DAYS = 365
"""Older events are forgotten; only what is still open counts at any age."""

REPEAT_DAYS = 90
"""A case of the same kind within so many days is a repeat."""

REACH_DAYS = MEMORY_DAYS + REPEAT_DAYS
"""Days before an as_of within which a closed case can still matter."""


@dataclass(frozen=True)
class AsOfs:
    """The as_ofs of a panel (T,), sorted, the horizon behind each, and the edges its windows need."""

    as_ofs: Days
    horizon_days: int

    @cached_property
    def edges(self) -> Edges:
        """Edges at each as_of and each window's start."""
        return Edges.over(np.concatenate([self.as_ofs, *(self.as_ofs - days for days in LOOKBACKS)]))

    @cached_property
    def states(self) -> Edges:
        """Edges at the as_ofs alone, enough for states."""
        return Edges.over(self.as_ofs)

    @cached_property
    def before(self) -> dict[int, npt.NDArray[np.int64]]:
        """Positions among the edges of the as_ofs (0) and of the start of each window (its length in days)."""
        return {days: self.edges.at(self.as_ofs - np.int32(days)) for days in (0, *LOOKBACKS)}

    def window(self, cube: Cube, index: int, days: int) -> Values:
        """Return (T, B) sums of one channel over [as_of - days, as_of)."""
        channel = cube[index]
        return np.asarray(channel[self.before[0]] - channel[self.before[days]])

    def cohort(self, facts: Facts) -> Values:
        """Return (T, G): 1 for grids that were there before as_of, else 0."""
        return (facts.places.valid_from < self.as_ofs[:, None]).astype(np.float64)

    def observed_days(self, facts: Facts) -> Values:
        """Return (T, 1) days from the first record of the log to as_of, at least 1."""
        return np.maximum(self.as_ofs - facts.first_day, 1).astype(np.float64)[:, None]
