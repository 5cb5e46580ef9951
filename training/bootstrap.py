"""Block bootstrap: weeks x townships are drawn again and again, and every model is measured on the same draws."""

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.places import Places

Blocks = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INTERVAL = (2.5, 97.5)
LEAST_DEFINED = 0.95
"""Share of the draws in which a metric must exist for its interval to be given."""


def number_blocks(as_ofs: Days, places: Places, horizon_days: int) -> Blocks:
    """Give every cell of a (T, G) table its block: the grids of one township over one week, or one horizon where that is longer.

    Labels of one grid overlap while their as_ofs are closer than the horizon, so these must be drawn together. Without townships
    a block holds all grids. Returns: (T, G), numbered from 0 without gaps.
    """
    period = (as_ofs - as_ofs[0]) // max(7, horizon_days)
    township = places.levels["township"].member if "township" in places.levels else np.zeros(places.size, np.int32)
    cells = period[:, None].astype(np.int64) * (int(township.max()) + 1) + township
    return np.unique(cells, return_inverse=True)[1].reshape(cells.shape)


def draw_weights(blocks: int, draws: int, seed: int) -> Floats:
    """Return how often each block is drawn, (1 + draws, blocks); the first row is the sample itself, all ones."""
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws)
    return np.vstack([np.ones((1, blocks)), drawn])


def interval(samples: Floats) -> list[float] | None:
    """Return [low, high] of the 95 % interval, or None where the value itself or too many draws cannot be measured.

    Args:
        samples: the value on the sample itself, then on every draw.
    """
    drawn = samples[1:]
    defined = drawn[np.isfinite(drawn)]
    if not np.isfinite(samples[0]) or len(defined) < max(1, LEAST_DEFINED * len(drawn)):
        return None
    return [float(bound) for bound in np.percentile(defined, INTERVAL)]
