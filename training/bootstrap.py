"""Block bootstrap: stretches of weeks and whole townships are drawn again and again, and every model is measured on the same draws.

An estimate is a figure with the interval over its draws, or the reason why there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.places import Places

Blocks = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STRETCH_DAYS = 28
"""As_ofs this close are drawn together: their horizons overlap, and what moves one week moves the next."""
INTERVAL = (2.5, 97.5)
LEAST_DEFINED = 0.95
"""Share of the draws in which a metric must exist for its interval to be given."""

Cell = dict[str, Any]
"""`value` and `ci95`, both None where they cannot be estimated."""

LEAST_POSITIVES = 10
"""With fewer positive rows a figure says more about chance than about a model."""


def number_blocks(as_ofs: Days, places: Places) -> Blocks:
    """Give every cell of a (T, G) table the number of its block, as_of x townships + township; without townships all grids form one."""
    level = places.levels.get("township", places.levels["district"])
    return np.arange(len(as_ofs), dtype=np.int64)[:, None] * level.size + level.member


def draw_weights(as_ofs: Days, blocks: int, draws: int, seed: int) -> Floats:
    """Return how often each block is drawn, (1 + draws, blocks); the first row is the sample itself, all ones.

    A draw takes stretches of consecutive as_ofs, the first following the last, and townships, each as many as there are; a block comes
    as often as its as_of times its township.
    """
    generator = np.random.default_rng(seed)
    weeks, townships = len(as_ofs), blocks // len(as_ofs)
    stretch = max(1, STRETCH_DAYS // int(np.diff(as_ofs).min(initial=STRETCH_DAYS)))
    starts = generator.integers(0, weeks, (draws, -(-weeks // stretch), 1))
    taken = ((starts + np.arange(stretch)) % weeks).reshape(draws, starts.shape[1] * stretch)[:, :weeks]
    by_week = np.array([np.bincount(week, minlength=weeks) for week in taken], np.int64).reshape(draws, weeks)
    by_township = generator.multinomial(townships, np.full(townships, 1 / townships), size=draws)
    return np.vstack([np.ones((1, blocks)), (by_week[:, :, None] * by_township[:, None, :]).reshape(draws, blocks)])


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


@dataclass(frozen=True)
class Sample:
    """Rows and how often each block of them is drawn."""

    block: Blocks
    """(N,) block of each row."""
    weights: Floats
    """(R, blocks), the first row all ones."""

    def total(self, values: npt.NDArray[np.generic]) -> Floats:
        """Return the sum of values over the rows, then over every draw of them, (R,)."""
        return np.asarray(self.weights @ self.sums(values), np.float64)

    def sums(self, values: npt.NDArray[np.generic]) -> Floats:
        """Return the sum of values in each block, (blocks,)."""
        return np.asarray(np.bincount(self.block, values, minlength=self.weights.shape[1]), np.float64)

    def totals(self, sums: Sequence[Floats]) -> Floats:
        """Return what `total` gives for each of several columns by their sums in blocks, (columns, R); draws are read once for all."""
        return np.asarray(self.weights @ np.stack(sums, axis=1)).T

    def ratio(self, part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Cell:
        """Estimate the sum of one column over that of another."""
        return estimate(divide(self.total(part), self.total(whole)))


def divide(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0))


def estimate(samples: Floats) -> Cell:
    """Return the value on the rows themselves and its 95 % interval over the draws."""
    return {"value": float(samples[0]) if np.isfinite(samples[0]) else None, "ci95": interval(samples)}


def too_few(positives: int) -> str | None:
    """Say why nothing is estimated from so few positive rows; None where they suffice."""
    if positives >= LEAST_POSITIVES:
        return None
    return f"不能估计：只有{positives}个网格期出现，少于{LEAST_POSITIVES}个"
