"""Orders of rows that are nearly sorted already: a day's news among all that came before it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Column = npt.NDArray[np.integer[Any]]


def sort_order(first: Column, second: Column) -> Rows:
    """Return the stable order by two columns of 32 bits; what is nearly sorted takes little longer than to read it.

    >>> sort_order(np.array([1, 0, 0]), np.array([5, 7, -2]))
    array([2, 1, 0])
    """
    return np.argsort((first.astype(np.int64) << 32) + second, kind="stable")


def insertion_points(rows: Sequence[Column], new: Sequence[Column]) -> Rows:
    """Return before which of some sorted rows each new one belongs; both are given by columns, the first one counts most.

    >>> insertion_points([np.array([1, 1, 4]), np.array([2, 8, 0])], [np.array([1, 4, 9]), np.array([5, 0, 0])])
    array([1, 2, 3])
    """
    low, high = (np.searchsorted(rows[0], new[0], side) for side in ("left", "right"))
    while (searched := low < high).any():
        middle = np.minimum((low + high) // 2, len(rows[0]) - 1)
        before, equal = np.zeros(len(low), np.bool_), searched
        for known, own in zip(rows[1:], new[1:], strict=True):
            before |= equal & (known[middle] < own)
            equal = equal & (known[middle] == own)
        low, high = np.where(before, middle + 1, low), np.where(searched & ~before, middle, high)
    return low
