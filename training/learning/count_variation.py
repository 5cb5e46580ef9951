"""Count variation: how the counts that follow vary about what was expected, and the places on a list that this leaves open."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int32]
Ties = npt.NDArray[np.unsignedinteger]

DRAWS = 100
"""Counts drawn for each grid, spread over the refits."""
RANGE = (0.05, 0.95)
"""Quantiles that bound a place."""
MOST_COUNT = np.iinfo(np.int16).max
"""Drawn counts beyond it are not told apart."""


@dataclass(frozen=True)
class Variation:
    """Negative binomial dispersion: a count of mean m has the variance m + variation x m ** 2; 0 is a Poisson count."""

    of_grid: float = 0.0
    """Of a grid's count."""
    common: float = 0.0
    """Of what all grids share, and so of the count of any area."""


POISSON = Variation()
"""Independent counts that vary as chance does."""


def estimate_variation(expected: Floats, counts: Floats) -> Variation:
    """Estimate both by moments from what was expected of past as_ofs and what followed, (T, G).

    >>> estimate_variation(np.full((2, 2), 10.0), np.array([[14.0, 14.0], [6.0, 6.0]]))
    Variation(of_grid=0.06, common=0.11)
    """
    return Variation(_dispersion(expected, counts), _dispersion(expected.sum(axis=1), counts.sum(axis=1)))


def _dispersion(means: Floats, counts: Floats) -> float:
    return max(0.0, float(((counts - means) ** 2 - means).sum() / max((means**2).sum(), 1e-12)))


def rank_by_count(counts: Floats, expected: Floats, ties: Ties) -> Ranks:
    """Return (G,) places from 1, the highest count first; equal counts by what was expected, and that by the lower tie breaker.

    >>> rank_by_count(np.array([0.0, 2.0, 0.0]), np.array([0.5, 0.1, 0.7]), np.zeros(3, np.uint64))
    array([3, 1, 2], dtype=int32)
    """
    return _ranks(counts, np.lexsort((ties, -expected)))


def _ranks(counts: npt.NDArray[np.number], order: npt.NDArray[np.int64]) -> Ranks:
    """Return (G,) places by count, equal counts in the given order."""
    rank = np.empty(len(counts), np.int32)
    rank[order[np.argsort(-counts[order], kind="stable")]] = np.arange(1, len(counts) + 1, dtype=np.int32)
    return rank


def rank_range(
    expected: Floats, variation: float, ties: Ties, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the least and the greatest place of each grid, (G,), in nine of ten draws of the counts to come.

    Args:
        expected: (B, G) escalations expected by B models.
        variation: of a grid's count about what is expected.
        ties: (G,) numbers that order grids of which the same is expected.
        random: where the draws come from.
    """
    rounds = -(-DRAWS // len(expected))
    ranks = np.empty((expected.shape[1], len(expected) * rounds), np.int32)
    for number, model in enumerate(expected):
        order = np.lexsort((ties, -model))
        for draw in range(number * rounds, (number + 1) * rounds):
            counts = np.minimum(draw_counts(model, variation, random), MOST_COUNT).astype(np.int16)  # 16 bits are sorted ten times as fast
            ranks[:, draw] = _ranks(counts, order)
    low, high = (round(share * (ranks.shape[1] - 1)) for share in RANGE)
    ranks.sort(axis=1)
    return ranks[:, low].astype(np.int64), ranks[:, high].astype(np.int64)


def draw_counts(expected: Floats, variation: float, random: np.random.Generator) -> Floats:
    """Draw one count for each grid, (G,)."""
    means = random.gamma(1 / variation, expected * variation) if variation > 0 else expected
    return random.poisson(means).astype(np.float64)
