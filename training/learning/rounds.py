"""Rounds: how many trees are worth growing, found by rolling-origin refits inside the training part."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEP = 5
"""Rounds are chosen in these steps."""


def fewest_within_one_error(losses: Floats, independent: float) -> int:
    """Return the position of the first column whose mean loss lies within one standard error of the least.

    Args:
        losses: (as_ofs, K) mean loss of each as_of, by growing number of trees.
        independent: how many of the as_ofs count as independent, since their horizons overlap.
    """
    behind = losses - losses[:, [losses.mean(axis=0).argmin()]]
    error = behind.std(axis=0) / np.sqrt(independent)
    return int(np.argmax(behind.mean(axis=0) <= error))
