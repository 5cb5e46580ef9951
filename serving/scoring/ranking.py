"""From scores to an ordered list: ranks with a range, attention levels, and the two marks chronic and rising."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from serving.settings import RankingSettings
from serving.text import AttentionLevel
from training.learning.count_variation import RANGE, rank_range

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Ties = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Spread:
    """Uncertainty of expected counts, and the variation of counts about them."""

    refits: Floats
    """(B, G) expected escalations by models fitted to resampled data; B may be 0."""
    variation: float = 0.0
    """Negative binomial dispersion of a grid's count; 0 is a Poisson count."""
    seed: tuple[int, ...] = (0,)
    """Of the draws."""


@dataclass(frozen=True)
class RankTable:
    """Standing of each rated grid; all arrays have shape (G,)."""

    rank: Ranks
    """1 = most escalations expected; no two are equal."""
    rank_low: Ranks
    rank_high: Ranks
    level: tuple[AttentionLevel, ...]
    chronic: Flags
    rising: Flags


def rank_grids(expected: Floats, usual_level: Floats, spread: Spread, ties: Ties, settings: RankingSettings) -> RankTable:
    """Order grids by expected escalations and say how sure the order is.

    Args:
        expected: (G,) escalations over the horizon.
        usual_level: (G,) the same, as usual for the grid.
        spread: of what is expected and of the counts about it.
        ties: (G,) numbers that order grids of equal score, from `tie_breakers`.
        settings: where levels end and what counts as chronic or rising.
    """
    rank = order(expected, ties)
    low, high = _range(rank, expected, spread, ties)
    level = _levels(rank, settings)
    return RankTable(rank, low, high, level, _chronic(usual_level, ties, settings), _rising(usual_level, spread.refits, settings))


def tie_breakers(grid_ids: Iterable[str], as_of: date, seed: int) -> Ties:
    """Return one number per grid, the same in every run: the first 8 bytes of SHA-256 over grid, date and seed."""
    texts = (f"{grid_id}|{as_of.isoformat()}|{seed}".encode() for grid_id in grid_ids)
    return np.array([int.from_bytes(hashlib.sha256(text).digest()[:8]) for text in texts], dtype=np.uint64)


def order(score: Floats, ties: Ties) -> Ranks:
    """Return (G,) ranks from 1, the highest score first, equal scores by the lower tie breaker.

    >>> order(np.array([0.5, 2.0, 0.5]), np.array([9, 1, 4], np.uint64))
    array([3, 1, 2])
    """
    rank = np.empty(len(score), np.int64)
    rank[np.lexsort((ties, -score))] = np.arange(1, len(score) + 1)
    return rank


def _range(rank: Ranks, expected: Floats, spread: Spread, ties: Ties) -> tuple[Ranks, Ranks]:
    """Return the best and the worst place by the counts that may follow, widened to hold the rank itself."""
    models = spread.refits if len(spread.refits) else expected[None]
    low, high = rank_range(models, spread.variation, ties, np.random.default_rng(spread.seed))
    return np.minimum(low, rank), np.maximum(high, rank)


def _levels(rank: Ranks, settings: RankingSettings) -> tuple[AttentionLevel, ...]:
    shares = (settings.priority_share, settings.elevated_share, settings.watch_share)
    places = [_places(len(rank), share) for share in shares]
    names: tuple[AttentionLevel, ...] = ("priority", "elevated", "watch", "routine")
    return tuple(names[step] for step in np.searchsorted(places, rank).tolist())


def _chronic(usual_level: Floats, ties: Ties, settings: RankingSettings) -> Flags:
    return order(usual_level, ties) <= _places(len(usual_level), settings.chronic_share)


def _rising(usual_level: Floats, refits: Floats, settings: RankingSettings) -> Flags:
    """Mark grids whose factor stays high even at the low end of the refits; without refits nothing can be said."""
    if not len(refits):
        return np.zeros(len(usual_level), np.bool_)
    return np.asarray(np.quantile(refits / usual_level, RANGE[0], axis=0) >= settings.rising_factor)


def _places(size: int, share: float) -> int:
    """Return how many places a share of the list is, rounded half up."""
    return math.floor(size * share + 0.5)
