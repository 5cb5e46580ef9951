"""Coverage: how often the ranges that a list gives held what followed, on the lists of a backtest."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import nbinom, poisson

from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import flag
from training.evaluation.predictions import COMMON_VARIATION, EXPECTED, VARIATION
from training.learning.count_variation import RANGE, draw_counts, rank_by_count, rank_range

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.int32]

BAND = (0.1, 0.9)
"""Quantiles that bound the count of the whole district."""
MOST_LISTS = 61
"""Lists whose places are looked at, spread evenly: places of very many grids take long to draw."""
TOP_SHARE = 0.05
IMAGINED = 10
"""Outcomes drawn for each list from what was expected of it."""


@dataclass(frozen=True)
class Coverage:
    """Shares that lay within their range.

    A grid in which one escalation is unlikely has a range of low places, and leaves it once it sees one. So of the grids that saw one
    fewer lie within their range, however right every expected count is: they are chosen by what followed, and no range knows that.
    """

    lists: int
    rank_nominal: float
    rank: float
    """Of all grids of at most `MOST_LISTS` lists: the place by what followed, equal counts by what was expected."""
    rank_at_top: float
    """Of the `TOP_SHARE` of grids of which most was expected."""
    rank_with_escalation: float | None
    """Of grids that saw an escalation; None where none did."""
    rank_with_escalation_if_exact: float | None
    """The same were every expected count and its variation exact, by outcomes drawn from them; None where none saw one."""
    band_nominal: float
    band: float
    """Of the lists: the count of the whole district."""
    band_poisson: float
    """The same without the variation that all grids share."""


@dataclass(frozen=True)
class _Held:
    """The ranges of one list beside what followed, and beside outcomes that were drawn."""

    within: Flags
    """(G,) whether the place lay within the range."""
    seen: Flags
    """(G,) whether the grid saw an escalation."""
    top: Floats
    """(G,) the chance that the grid is among the highest, broken ties at random."""
    imagined_within: Flags
    """(G x IMAGINED,)."""
    imagined_seen: Flags


def check_coverage(predictions: pl.DataFrame, seed: int) -> Coverage:
    """Measure on the lists of a test what was learnt of variation before them; a published list adds that of its refits."""
    lists = predictions.partition_by(Col.AS_OF, maintain_order=True)
    chosen = np.unique(np.linspace(0, len(lists) - 1, min(len(lists), MOST_LISTS)).round().astype(int)).tolist()
    held = [_hold(lists[place], np.random.default_rng([seed, place])) for place in chosen]
    within, seen, top, imagined_within, imagined_seen = (
        np.concatenate([getattr(each, column.name) for each in held]) for column in fields(_Held)
    )
    bands = np.array([list(_band_held(each)) for each in lists])
    return Coverage(
        lists=len(lists),
        rank_nominal=RANGE[1] - RANGE[0],
        rank=float(within.mean()),
        rank_at_top=float(np.average(within, weights=top)),
        rank_with_escalation=_share(within, seen),
        rank_with_escalation_if_exact=_share(imagined_within, imagined_seen),
        band_nominal=BAND[1] - BAND[0],
        band=float(bands[:, 0].mean()),
        band_poisson=float(bands[:, 1].mean()),
    )


def _share(within: Flags, chosen: Flags) -> float | None:
    return float(within[chosen].mean()) if chosen.any() else None


def _hold(rows: pl.DataFrame, random: np.random.Generator) -> _Held:
    """Hold the ranges of one list against what followed."""
    expected, counts, variation = _column(rows, EXPECTED + MODEL), _column(rows, "count"), float(rows[VARIATION][0])
    ties = np.arange(len(rows), dtype=np.uint64)
    low, high = rank_range(expected[None], variation, ties, random)
    own = rank_by_count(np.zeros(len(rows)), expected, ties)
    low, high = np.minimum(low, own), np.maximum(high, own)

    def within(place: Ranks) -> Flags:
        return np.asarray((low <= place) & (place <= high))

    imagined = [draw_counts(expected, variation, random) for _ in range(IMAGINED)]
    return _Held(
        within(rank_by_count(counts, expected, ties)),
        counts >= 1,
        flag(expected, np.zeros(len(rows), np.int64), TOP_SHARE),
        np.concatenate([within(rank_by_count(drawn, expected, ties)) for drawn in imagined]),
        np.concatenate([drawn >= 1 for drawn in imagined]),
    )


def _band_held(rows: pl.DataFrame) -> Iterator[bool]:
    """Yield whether the district's count lay within its band, with and without the shared variation."""
    count, mean, variation = (
        float(_column(rows, "count").sum()),
        float(_column(rows, EXPECTED + MODEL).sum()),
        float(rows[COMMON_VARIATION][0]),
    )
    plain = poisson(mean)
    shared = nbinom(1 / variation, 1 / (1 + variation * mean)) if variation > 0 else plain
    for counts in (shared, plain):
        low, high = counts.ppf(BAND)
        yield bool(low <= count <= high)


def _column(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).to_numpy()
