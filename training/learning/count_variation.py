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
    rank = np.empty(len(counts), np.int32)
    rank[np.lexsort((ties, -expected, -counts))] = np.arange(1, len(counts) + 1, dtype=np.int32)
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
    drawn = [rank_by_count(draw_counts(model, variation, random), model, ties) for model in expected for _ in range(rounds)]
    ranks = np.sort(np.stack(drawn), axis=0)
    low, high = (round(share * (len(ranks) - 1)) for share in RANGE)
    return ranks[low].astype(np.int64), ranks[high].astype(np.int64)


def draw_counts(expected: Floats, variation: float, random: np.random.Generator) -> Floats:
    """Draw one count for each grid, (G,)."""
    means = random.gamma(1 / variation, expected * variation) if variation > 0 else expected
    return random.poisson(means).astype(np.float64)
