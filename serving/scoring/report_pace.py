"""Report pace: each grid's reports of late beside its own rate before, over as long a window as that rate needs to tell anything."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts

WINDOWS = (42, 91, 182)
"""Days before as_of; the shortest that suffices is looked at."""
BEFORE_DAYS = 364
"""Days before the window that the grid's own rate is taken from."""
FEWER_FROM = 1.64
"""Standard deviations below the own rate that one grid in twenty is by chance."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pace:
    """Reports of each grid over its window, (G,)."""

    expected: Counts
    """By its own rate before and by how the other grids' reports went on; 0 where even the longest window tells nothing."""
    observed: Counts

    def is_known(self) -> npt.NDArray[np.bool_]:
        """Tell for which grids reports suffice to compare."""
        return self.expected > 0

    def is_below(self, spread: Counts) -> npt.NDArray[np.bool_]:
        """Tell which grids reported fewer than usual beyond chance; `spread` is variance over mean of their counts."""
        return self.expected - self.observed > FEWER_FROM * np.sqrt(self.expected * spread)


def read_pace(facts: Facts, as_of: int, least: Counts) -> Pace:
    """Compare reports known before `as_of` (a day number) with the rate before, where at least `least` (G,) are to be expected."""
    cases, size = facts.cases, facts.places.size
    used = (cases.grid >= 0) & facts.is_report
    grid, weight, day = cases.grid[used], cases.weight[used], cases.known_day[used]

    def reports(first: int, end: int) -> Counts:
        chosen = (day >= first) & (day < end)
        return np.bincount(grid[chosen], weight[chosen], minlength=size).astype(np.float64)

    pace = Pace(np.zeros(size), np.zeros(size))
    for days in WINDOWS:
        now, before = reports(as_of - days, as_of), reports(as_of - days - BEFORE_DAYS, as_of - days)
        others_now, others_before = now.sum() - now, before.sum() - before
        expected = before * np.divide(others_now, others_before, out=np.zeros(size), where=others_before > 0)
        chosen = ~pace.is_known() & (expected >= least)
        pace = Pace(np.where(chosen, expected, pace.expected), np.where(chosen, now, pace.observed))
    return pace
