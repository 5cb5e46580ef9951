"""Counters: signed increments binned between time edges and summed along time.

`cube[channel, edge, grid]` holds the sum of all increments of that channel and grid whose day lies before the edge, so a window
[as_of - days, as_of) is the difference of two rows and the cost does not depend on its length. All increments are integers or multiples
of 2**-16, so float64 sums are exact in any order: one as_of or many, one block or many, the bits are the same.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days

Cube = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Edges:
    """Sorted day numbers between which increments are binned."""

    days: Days
    _bin_of_day: npt.NDArray[np.int64]
    _first_day: int

    @classmethod
    def over(cls, days: Days) -> "Edges":
        """Return edges at the given days, each once."""
        edges = np.unique(days)
        span = np.arange(edges[0] - 1, edges[-1] + 1)
        return cls(edges, np.searchsorted(edges, span, side="right"), int(edges[0]) - 1)

    @property
    def size(self) -> int:
        """Number of edges."""
        return len(self.days)

    def bins(self, days: Days) -> npt.NDArray[np.int64]:
        """Return the position of the first edge after each day; `size` where there is none."""
        return self._bin_of_day[np.clip(days - self._first_day, 0, len(self._bin_of_day) - 1)]

    def at(self, days: Days) -> npt.NDArray[np.int64]:
        """Return the position of edges that lie exactly on these days."""
        places = np.searchsorted(self.days, days)
        if not np.array_equal(self.days[np.minimum(places, self.size - 1)], days):
            raise ValueError("a window needs an edge that was not asked for")
        return places


@dataclass(frozen=True)
class Increments:
    """Additions to counters: row i adds weight[i] to (channel[i], grid[i]) on day[i]."""

    channels: int
    channel: npt.NDArray[np.integer]
    """-1 leaves the row out."""
    grid: npt.NDArray[np.int32]
    day: Days
    weight: npt.NDArray[np.float64]


def count(increments: Increments, edges: Edges, grids: int) -> Cube:
    """Sum increments into a cube of shape (channels, edges, grids)."""
    bins = edges.bins(increments.day)
    used = (increments.channel >= 0) & (bins < edges.size) & (increments.grid >= 0)
    flat = (increments.channel[used].astype(np.int64) * edges.size + bins[used]) * grids + increments.grid[used]
    shape = (increments.channels, edges.size, grids)
    sums = np.bincount(flat, increments.weight[used], minlength=math.prod(shape)).reshape(shape).astype(np.float64, copy=False)
    return np.cumsum(sums, axis=1, out=sums)


def latest(increments: Increments, edges: Edges, grids: int) -> npt.NDArray[np.int32]:
    """Return the last day before each edge with an increment, shape (channels, edges, grids); -NEVER where there was none."""
    bins = edges.bins(increments.day)
    used = (increments.channel >= 0) & (bins < edges.size)
    last = np.full((increments.channels, edges.size, grids), -NEVER, np.int32)
    np.maximum.at(last, (increments.channel[used], bins[used], increments.grid[used]), increments.day[used])
    return np.maximum.accumulate(last, axis=1, out=last)
