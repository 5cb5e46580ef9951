"""The loops of the counters, compiled: numpy would need several passes over temporaries of the events' size for each."""

import numpy as np
import numpy.typing as npt
from numba import njit

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
