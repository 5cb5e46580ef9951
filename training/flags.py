"""Flagged grids: the top share of every as_of, ties counted as if broken at random."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def flag(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], share: float) -> Floats:
    """Return each row's probability of being among the `share` of its as_of's rows with the highest score.

    Of n rows `share` x n are flagged, rounded half up, at least one. Rows tied at the edge share the places left.

    >>> flag(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), share=0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    if len(score) == 0:
        return np.zeros(0)
    order = np.lexsort((-score, as_of))
    opens_day = _changes(as_of[order])
    opens_tie = opens_day | _changes(score[order])
    day, tie = np.cumsum(opens_day) - 1, np.cumsum(opens_tie) - 1
    size = np.bincount(day)
    places = np.maximum(1, np.floor(size * share + 0.5))[day]
    ahead = np.flatnonzero(opens_tie)[tie] - np.flatnonzero(opens_day)[day]
    flagged = np.empty(len(score))
    flagged[order] = np.clip((places - ahead) / np.bincount(tie)[tie], 0, 1)
    return flagged


def _changes(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Tell which values differ from the one before; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])
