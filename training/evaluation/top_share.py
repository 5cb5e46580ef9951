"""Flagged grids: the top share of every as_of, ties counted as if broken at random."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Sizes = npt.NDArray[np.int64]


def flag(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], share: float) -> Floats:
    """Return each row's probability of being among the `share` of its as_of's rows with the highest score.

    Of n rows `share` x n are flagged, rounded half up, at least one. Rows tied at the edge share the places left.

    >>> flag(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), share=0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    return _flag(score, as_of, lambda size: np.maximum(1, np.floor(size * share + 0.5)))


def flag_top(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], places: int) -> Floats:
    """Return each row's probability of being among the `places` rows of its as_of with the highest score; all where there are no more.

    >>> flag_top(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), places=2)
    array([1. , 0.5, 0.5, 0. ])
    """
    return _flag(score, as_of, lambda size: np.minimum(size, places))


def without_ties(score: npt.NDArray[np.floating], favour: npt.NDArray[np.floating]) -> Floats:
    """Return scores in the same order, all different; of equal ones the row with the higher `favour` comes out higher.

    >>> without_ties(np.array([3.0, 1.0, 1.0]), favour=np.array([0.0, 0.0, 5.0]))
    array([2., 0., 1.])
    """
    resolved = np.empty(len(score))
    resolved[np.lexsort((favour, score))] = np.arange(len(score))
    return resolved


def _flag(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], places_of: Callable[[Sizes], npt.NDArray[np.number]]) -> Floats:
    if len(score) == 0:
        return np.zeros(0)
    order = np.lexsort((-score, as_of))
    opens_day = _changes(as_of[order])
    opens_tie = opens_day | _changes(score[order])
    day, tie = np.cumsum(opens_day) - 1, np.cumsum(opens_tie) - 1
    places = places_of(np.bincount(day))[day]
    ahead = np.flatnonzero(opens_tie)[tie] - np.flatnonzero(opens_day)[day]
    flagged = np.empty(len(score))
    flagged[order] = np.clip((places - ahead) / np.bincount(tie)[tie], 0, 1)
    return flagged


def _changes(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Tell which values differ from the one before; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])
