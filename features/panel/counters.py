"""Counters: signed increments binned between time edges and summed along time.

`cube[channel, edge, grid]` holds the sum of all increments of that channel and grid whose day lies before the edge, so a window
[as_of - days, as_of) is the difference of two rows and the cost does not depend on its length. All increments are integers or multiples
of a power of two, so float64 sums are exact in any order: one as_of or many, one block or many, the bits are the same.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.panel import kernels

Cube = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Edges:
    """Sorted day numbers between which increments are binned."""

    days: Days
    _bin_of_day: npt.NDArray[np.int32]

    @classmethod
    def over(cls, days: Days) -> "Edges":
        """Return edges at the given days, each once."""
        edges = np.unique(days).astype(np.int32)
        span = np.arange(edges[0] - 1, edges[-1] + 1)
        return cls(edges, np.searchsorted(edges, span, side="right").astype(np.int32))

    @property
    def size(self) -> int:
        """Number of edges."""
        return len(self.days)

    def bins(self, days: Days) -> npt.NDArray[np.int32]:
        """Return the position of the first edge after each day; `size` where there is none."""
        return np.asarray(self._bin_of_day.take(days - (self.days[0] - 1), mode="clip"))

    def at(self, days: Days) -> npt.NDArray[np.int64]:
        """Return the position of edges that lie exactly on these days."""
        places = np.searchsorted(self.days, days)
        if not np.array_equal(self.days[np.minimum(places, self.size - 1)], days):
            raise ValueError("a window needs an edge that was not asked for")
        return places


@dataclass(frozen=True)
class Increments:
    """Additions to counters: row i adds weight[i] to (channel[i], grid[i]) on day[i], and takes it away on until[i] if that is later."""

    channels: int
    channel: npt.NDArray[np.int16]
    """-1 leaves the row out."""
    grid: npt.NDArray[np.int32]
    day: Days
    weight: npt.NDArray[np.float64]
    until: Days | None = None
    """None where nothing is taken away; rows that end before they begin are left out."""


def count(increments: Increments, edges: Edges, grids: int) -> Cube:
    """Sum increments into a cube of shape (channels, edges, grids)."""
    cube = np.zeros((increments.channels, edges.size, grids))
    start = edges.bins(increments.day)
    if increments.until is None:
        kernels.add(cube, increments.channel, increments.grid, start, increments.weight)
    else:
        kernels.add_interval(cube, increments.channel, increments.grid, start, edges.bins(increments.until), increments.weight)
    kernels.accumulate(cube)
    return cube


def latest(increments: Increments, channel: int, edges: Edges, grids: int) -> Days:
    """Return the last day before each edge with an increment of one channel, shape (edges, grids); -NEVER where there was none."""
    last = np.full((edges.size, grids), -NEVER, np.int32)
    kernels.running_max(last, increments.channel == channel, increments.grid, edges.bins(increments.day), increments.day)
    return last


def decayed(increments: Increments, channel: int, as_ofs: Days, weights: npt.NDArray[np.float64], grids: int) -> Cube:
    """Sum increments of one channel weighted by age, shape (as_ofs, grids); `weights[a - 1]` is the weight at an age of a days."""
    sums = np.zeros((len(as_ofs), grids))
    weight = increments.weight * (increments.channel == channel)
    kernels.decayed_sum(sums, increments.grid, increments.day, weight, as_ofs, weights)
    return sums
