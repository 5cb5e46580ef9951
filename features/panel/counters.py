"""Counters: signed increments binned between time edges and summed along time, by compiled loops.

`cube[channel, edge, grid]` holds the sum of all increments of that channel and grid whose day lies before the edge, so a window
[as_of - days, as_of) is the difference of two rows and the cost does not depend on its length. All increments are integers or multiples
of a power of two, so float64 sums are exact in any order: one as_of or many, one block or many, the bits are the same.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from features.days import NEVER, Days

Cube = npt.NDArray[np.float64]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@njit(nogil=True, cache=True)
def add(cube: Floats, channel: npt.NDArray[np.int16], grid: Ints, edge: Ints, weight: Floats) -> None:
    """Add each weight at its (channel, edge, grid); rows of channel -1 or beyond the last edge are left out."""
    for row in range(len(channel)):
        if channel[row] >= 0 and edge[row] < cube.shape[1]:
            cube[channel[row], edge[row], grid[row]] += weight[row]


@njit(nogil=True, cache=True)
def add_interval(cube: Floats, channel: npt.NDArray[np.int16], grid: Ints, start: Ints, end: Ints, weight: Floats) -> None:
    """Add each weight at its start edge and take it away at its end edge, where the start comes first; later edges are left out."""
    for row in range(len(channel)):
        if channel[row] >= 0 and start[row] < min(end[row], cube.shape[1]):
            cube[channel[row], start[row], grid[row]] += weight[row]
            if end[row] < cube.shape[1]:
                cube[channel[row], end[row], grid[row]] -= weight[row]


@njit(nogil=True, cache=True)
def accumulate(cube: Floats) -> None:
    """Sum along the edges."""
    for channel in range(cube.shape[0]):
        for edge in range(1, cube.shape[1]):
            for grid in range(cube.shape[2]):
                cube[channel, edge, grid] += cube[channel, edge - 1, grid]


@njit(nogil=True, cache=True)
def running_max(last: Ints, wanted: npt.NDArray[np.bool_], grid: Ints, edge: Ints, day: Ints) -> None:
    """Keep the greatest day of the wanted rows at each (edge, grid), carried forward along the edges."""
    for row in range(len(grid)):
        if wanted[row] and edge[row] < last.shape[0]:
            last[edge[row], grid[row]] = max(last[edge[row], grid[row]], day[row])
    for later in range(1, last.shape[0]):
        for place in range(last.shape[1]):
            last[later, place] = max(last[later, place], last[later - 1, place])


@njit(nogil=True, cache=True)
def decayed_sum(sums: Floats, grid: Ints, day: Ints, weight: Floats, as_ofs: Ints, weights: Floats) -> None:
    """Add each weight, times the weight of its age, to every as_of after its day that is at most len(weights) days away."""
    for row in range(len(grid)):
        at = np.searchsorted(as_ofs, day[row] + 1) if weight[row] else len(as_ofs)
        while at < len(as_ofs) and as_ofs[at] - day[row] <= len(weights):
            sums[at, grid[row]] += weight[row] * weights[as_ofs[at] - day[row] - 1]
            at += 1


@njit(nogil=True, cache=True)
def follows_same_kind(grid: Ints, kind: npt.NDArray[np.int16], day: Ints, kinds: int, days: int) -> npt.NDArray[np.bool_]:
    """Tell which rows (ordered by grid and day) come at most `days` days after one of the same grid and kind."""
    follows = np.zeros(len(grid), np.bool_)
    last_row = np.full(kinds, -1, np.int64)
    for row in range(len(grid)):
        before = last_row[kind[row]]
        follows[row] = before >= 0 and grid[before] == grid[row] and day[row] - day[before] <= days
        last_row[kind[row]] = row
    return follows


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
        add(cube, increments.channel, increments.grid, start, increments.weight)
    else:
        add_interval(cube, increments.channel, increments.grid, start, edges.bins(increments.until), increments.weight)
    accumulate(cube)
    return cube


def latest(increments: Increments, channel: int, edges: Edges, grids: int) -> Days:
    """Return the last day before each edge with an increment of one channel, shape (edges, grids); -NEVER where there was none."""
    last = np.full((edges.size, grids), -NEVER, np.int32)
    running_max(last, increments.channel == channel, increments.grid, edges.bins(increments.day), increments.day)
    return last


def decayed(increments: Increments, channel: int, as_ofs: Days, weights: npt.NDArray[np.float64], grids: int) -> Cube:
    """Sum increments of one channel weighted by age, shape (as_ofs, grids); `weights[a - 1]` is the weight at an age of a days."""
    sums = np.zeros((len(as_ofs), grids))
    weight = increments.weight * (increments.channel == channel)
    decayed_sum(sums, increments.grid, increments.day, weight, as_ofs, weights)
    return sums
