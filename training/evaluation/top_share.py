"""Flagged grids: the top share of every as_of, ties counted as if broken at random."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Sizes = npt.NDArray[np.int64]
PlacesOf = Callable[[Sizes], npt.NDArray[np.number]]
"""From the rows of each as_of to places."""


def flag(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], share: float) -> Floats:
    """Return each row's probability of being among the `share` of its as_of's rows with the highest score.

    Of n rows `share` x n are flagged, rounded half up, at least one. Rows tied at the edge share the places left.

    >>> flag(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), share=0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    return next(flag_shares(score, as_of, [share]))


def flag_shares(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], shares: Sequence[float]) -> Iterator[Floats]:
    """Yield what `flag` returns for each of several shares; rows are put in order once."""
    return _flag(score, as_of, [partial(_places, share) for share in shares])


def flag_top(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], places: int) -> Floats:
    """Return each row's probability of being among the `places` rows of its as_of with the highest score; all where there are no more.

    >>> flag_top(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), places=2)
    array([1. , 0.5, 0.5, 0. ])
    """
    return next(flag_tops(score, as_of, [places]))


def flag_tops(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], places: Sequence[int]) -> Iterator[Floats]:
    """Yield what `flag_top` returns for each of several numbers of places; rows are put in order once."""
    return _flag(score, as_of, [partial(np.minimum, number) for number in places])


def without_ties(score: npt.NDArray[np.floating], favour: npt.NDArray[np.floating]) -> Floats:
    """Return scores in the same order, all different; of equal ones the row with the higher `favour` comes out higher.

    >>> without_ties(np.array([3.0, 1.0, 1.0]), favour=np.array([0.0, 0.0, 5.0]))
    array([2., 0., 1.])
    """
    resolved = np.empty(len(score))
    resolved[np.lexsort((favour, score))] = np.arange(len(score))
    return resolved


def _flag(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], places_of: Sequence[PlacesOf]) -> Iterator[Floats]:
    """Yield each row's probability of having one of the places of its as_of, for each way to count the places."""
    if len(score) == 0:
        yield from (np.zeros(0) for _ in places_of)
        return
    order = np.lexsort((-score, as_of))
    opens_day = _changes(as_of[order])
    opens_tie = opens_day | _changes(score[order])
    day, tie = np.cumsum(opens_day) - 1, np.cumsum(opens_tie) - 1
    sizes, tied = np.bincount(day), np.bincount(tie)[tie]
    ahead = np.flatnonzero(opens_tie)[tie] - np.flatnonzero(opens_day)[day]
    for count in places_of:
        flagged = np.empty(len(score))
        flagged[order] = np.clip((count(sizes)[day] - ahead) / tied, 0, 1)
        yield flagged


def _places(share: float, sizes: Sizes) -> Floats:
    return np.asarray(np.maximum(1, np.floor(sizes * share + 0.5)), np.float64)


def _changes(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Tell which values differ from the one before; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])
