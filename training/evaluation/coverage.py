"""Coverage: how often the ranges that a list gives held what followed, on the lists of a backtest."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import nbinom, poisson

from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.predictions import COMMON_VARIATION, EXPECTED, VARIATION
from training.learning.count_variation import RANGE, rank_by_count, rank_range

Floats = npt.NDArray[np.float64]

BAND = (0.1, 0.9)
"""Quantiles that bound the count of the whole district."""
MOST_LISTS = 61
"""Lists whose places are looked at, spread evenly: places of very many grids take long to draw."""


@dataclass(frozen=True)
class Coverage:
    """Shares that lay within their range."""

    lists: int
    rank_nominal: float
    rank: float
    """Of all grids of at most `MOST_LISTS` lists: the place by what followed, equal counts by what was expected."""
    rank_with_escalation: float | None
    """Of grids that saw an escalation; None where none did."""
    band_nominal: float
    band: float
    """Of the lists: the count of the whole district."""
    band_poisson: float
    """The same without the variation that all grids share."""


def check_coverage(predictions: pl.DataFrame, seed: int) -> Coverage:
    """Measure on the lists of a test what was learnt of variation before them; a published list adds that of its refits."""
    lists = predictions.partition_by(Col.AS_OF, maintain_order=True)
    chosen = np.unique(np.linspace(0, len(lists) - 1, min(len(lists), MOST_LISTS)).round().astype(int)).tolist()
    held = [_rank_held(lists[place], np.random.default_rng([seed, place])) for place in chosen]
    within, seen = (np.concatenate(part) for part in zip(*held, strict=True))
    bands = np.array([list(_band_held(each)) for each in lists])
    return Coverage(
        lists=len(lists),
        rank_nominal=RANGE[1] - RANGE[0],
        rank=float(within.mean()),
        rank_with_escalation=float(within[seen].mean()) if seen.any() else None,
        band_nominal=BAND[1] - BAND[0],
        band=float(bands[:, 0].mean()),
        band_poisson=float(bands[:, 1].mean()),
    )


def _rank_held(rows: pl.DataFrame, random: np.random.Generator) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell for each grid of a list whether its place lay within the range, and whether it saw an escalation."""
    expected, counts = _column(rows, EXPECTED + MODEL), _column(rows, "count")
    ties = np.arange(len(rows), dtype=np.uint64)
    low, high = rank_range(expected[None], float(rows[VARIATION][0]), ties, random)
    place = rank_by_count(counts, expected, ties)
    own = rank_by_count(np.zeros(len(rows)), expected, ties)
    return (np.minimum(low, own) <= place) & (place <= np.maximum(high, own)), counts >= 1


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
