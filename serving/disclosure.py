"""Masking: a count that could point at one home is not shown, nor can it be had back from the sum."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.text import SMALLEST_SHOWN_COUNT

SMALLEST_EXPORTED_COUNT = 5
LEAST_DAYS = 3
"""Days on which those cases came in, at least."""


def mask(counts: Sequence[float], days: Sequence[int]) -> list[int | None]:
    """Mask the cells of a column that is printed with its sum; None is what is not shown.

    A cell is masked below five cases or three days of reporting. Further cells, the smallest first, are masked under the same sign until
    the masked ones together are so many that each of them could be anything from 1 to 4.

    >>> mask([0, 2, 7, 40], [0, 2, 5, 20])
    [0, None, None, 40]
    """
    shown = [_exported(round(count), number) for count, number in zip(counts, days, strict=True)]
    return _take_along(counts, shown, SMALLEST_EXPORTED_COUNT)


def hide_small_parts(counts: Sequence[float]) -> list[int | None]:
    """Hide one and two in counts that are shown with their sum, and further ones so that each hidden could be one as well as two.

    >>> hide_small_parts([1, 1, 0, 4, 9]), hide_small_parts([1, 2, 0, 4, 9])
    ([None, None, 0, None, 9], [None, None, 0, 4, 9])
    """
    return _take_along(counts, list(hide_small(counts)), SMALLEST_SHOWN_COUNT)


def _take_along(counts: Sequence[float], shown: list[int | None], smallest: int) -> list[int | None]:
    """Mask further cells, the smallest first, until the sum of the masked ones gives none of them away or all but zeros are masked."""
    by_size = sorted((place for place, count in enumerate(shown) if count), key=lambda place: counts[place])
    hidden = [place for place, count in enumerate(shown) if count is None]
    while hidden and by_size and _given_away(sum(round(counts[place]) for place in hidden), len(hidden), smallest):
        hidden.append(by_size.pop(0))
        shown[hidden[-1]] = None
    return shown


def mask_sum(counts: Sequence[float], shown: Sequence[int | None], smallest: int = SMALLEST_EXPORTED_COUNT) -> int | None:
    """Return the sum of a column whose smallest count that is shown is `smallest`, or None where it would give a masked cell away."""
    hidden = [round(count) for count, cell in zip(counts, shown, strict=True) if cell is None]
    total = sum(round(count) for count in counts)
    return None if hidden and _given_away(sum(hidden), len(hidden), smallest) else total


def _exported(count: int, days: int) -> int | None:
    return count if count == 0 or (count >= SMALLEST_EXPORTED_COUNT and days >= LEAST_DAYS) else None


def _given_away(total: int, cells: int, smallest: int) -> bool:
    """Tell whether a cell, the others being at least one, cannot be everything that a masked one may be."""
    return cells < 2 or total < smallest - 1 + cells - 1


def hide_small(counts: Sequence[float]) -> tuple[int | None, ...]:
    """Round counts; None stands for one or two.

    >>> hide_small([0.0, 1.0, 3.0])
    (0, None, 3)
    """
    return tuple(None if 0 < count < SMALLEST_SHOWN_COUNT else round(count) for count in counts)


def hide_small_rows(counts: npt.NDArray[np.number[Any]]) -> list[tuple[int | None, ...]]:
    """Round and hide counts (N, K) as `hide_small` does, many rows at once.

    >>> hide_small_rows(np.array([[0.0, 1.0, 3.0]]))
    [(0, None, 3)]
    """
    shown = np.rint(counts).astype(np.int64).astype(object)
    shown[(counts > 0) & (counts < SMALLEST_SHOWN_COUNT)] = None
    return list(map(tuple, shown.tolist()))
