"""Did it help? Treatments by difference in differences, going there by the random slots; each with an interval, or "cannot be told".

A treatment is judged by what was brought to the office in its grids and in their untreated neighbours, in equal stretches before and after
its start. Each treated grid with its neighbours is a block; the blocks are pooled as in a random-effects meta-analysis (DerSimonian-Laird)
with the interval of Hartung and Knapp, since a bootstrap of two dozen blocks covers too little.
Lot draws among the free grids of a township with the same chance, so those of one list that were drawn and those that could have been are
alike but for having been visited. Nothing here is about a person or a unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from features.days import Days
from features.facts.facts import Facts
from features.facts.places import Indices
from features.panel.families.undertakings import BEGUN_DAYS
from features.schema import EventType
from features.undertakings.undertaking import UndertakingKind
from training.bootstrap import STRETCH_DAYS

Floats = npt.NDArray[np.float64]

WINDOW_DAYS, LEAST_DAYS = 364, 56
"""Most and fewest days before and after the start of a treatment that are compared."""
LEAST_TREATED, LEAST_CASES, LEAST_DRAWN = 5, 20, 30
TAIL = 0.025
WIDEST = float(np.log(1000))
"""Logarithm of the largest ratio that is looked for."""
CONTINUITY = 0.5
"""Added to every count, so that one without cases has a logarithm."""
CATEGORIES_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({"estate_treatment": ("property_mgmt",)})
"""Cases that a sub-kind of treatment is meant to make fewer; all but petitions for the others."""


class CannotTell(StrEnum):
    """Reasons for which an effect cannot be told."""

    FEW_TREATED = "few_treated"
    FEW_CASES = "few_cases"
    FEW_DRAWN = "few_drawn"
    FEW_BLOCKS = "few_blocks"


@dataclass(frozen=True)
class Effect:
    """Ratio of cases to those without it; below 1 is fewer."""

    ratio: float
    low: float
    high: float
    units: int
    """Treated grids, or drawn grids."""
    cases: int
    """Cases that were counted in them after the start."""

    @property
    def helped(self) -> bool:
        """Whether the whole interval lies below 1."""
        return self.high < 1


@dataclass(frozen=True)
class Comparison:
    """Counts before and after, one row per treated grid; arrays of equal length."""

    before: Floats
    after: Floats
    others_before: Floats
    """Of its untreated neighbours together."""
    others_after: Floats


def treatment_effect(facts: Facts, sub_kind: str, ripe_until: int) -> Effect | CannotTell:
    """Judge one sub-kind of treatment by the cases that became known before the day `ripe_until`."""
    started = _started(facts, ripe_until)
    treated = {grid: day for (grid, kind), day in started.items() if kind == (UndertakingKind.TREATMENT, sub_kind)}
    busy = np.unique(np.array([grid for grid, _ in started], np.int32))
    counted = _brought(facts, CATEGORIES_OF.get(sub_kind), ripe_until)
    rows = [
        row
        for grid, day in sorted(treated.items())
        if (row := _compare(facts, counted, grid, np.setdiff1d(_neighbours(facts, grid), busy), (day, ripe_until, WINDOW_DAYS)))
    ]
    return _judge(rows)


def begun_effect(facts: Facts, pair: tuple[str, str], ripe_until: int) -> Effect | CannotTell:
    """Return how many times as many cases were brought in the weeks after undertakings of a kind and sub-kind began, told as above."""
    rows = facts.undertakings
    known = (rows.known_day < ripe_until) & (ripe_until <= rows.until_day) & (rows.start_day < ripe_until)
    chosen = known & (rows.kind == facts.undertaking_kinds.index(pair))
    busy = np.unique(rows.grid[chosen])
    counted = _brought(facts, None, ripe_until)
    begun = sorted(set(zip(rows.grid[chosen].tolist(), rows.start_day[chosen].tolist(), strict=True)))
    compared = [
        row
        for grid, day in begun
        if (row := _compare(facts, counted, grid, np.setdiff1d(_neighbours(facts, grid), busy), (day, ripe_until, BEGUN_DAYS)))
    ]
    return _judge(compared)


def _judge(rows: Sequence[tuple[float, ...]]) -> Effect | CannotTell:
    if len(rows) < LEAST_TREATED:
        return CannotTell.FEW_TREATED
    return difference_in_differences(Comparison(*(np.array(column) for column in zip(*rows, strict=True))))


def difference_in_differences(compared: Comparison) -> Effect | CannotTell:
    """Return the ratio of the change in treated grids to that in their neighbours."""
    units = len(compared.before)
    counts = np.stack([compared.after, compared.others_before, compared.before, compared.others_after])
    if units < LEAST_TREATED:
        return CannotTell.FEW_TREATED
    if counts.sum(axis=1).min() < LEAST_CASES:
        return CannotTell.FEW_CASES
    logs = np.log(counts + CONTINUITY)
    difference, variance = logs[:2].sum(axis=0) - logs[2:].sum(axis=0), (1 / (counts + CONTINUITY)).sum(axis=0)
    weight = 1 / (variance + _between_variance(difference, variance))
    mean = float((weight * difference).sum() / weight.sum())
    error = np.sqrt((weight * (difference - mean) ** 2).sum() / ((units - 1) * weight.sum()))
    reach = float(stdtrit(units - 1, 1 - TAIL) * error)
    ratio, low, high = (float(np.exp(value)) for value in (mean, mean - reach, mean + reach))
    return Effect(ratio, low, high, units, int(compared.after.sum()))


def _between_variance(difference: Floats, variance: Floats) -> float:
    """Return the variance between blocks beyond that of their counts, by the moments of DerSimonian and Laird."""
    weight = 1 / variance
    mean = (weight * difference).sum() / weight.sum()
    excess = (weight * (difference - mean) ** 2).sum() - (len(difference) - 1)
    return max(0.0, float(excess / (weight.sum() - (weight**2).sum() / weight.sum())))


@dataclass(frozen=True)
class RandomSlots:
    """Grids that a random slot went to or could have gone to; arrays of equal length.

    The grids of one as_of and township had the same chance of being drawn.
    """

    drawn: npt.NDArray[np.bool_]
    escalations: Floats
    """That followed within the window."""
    as_of: Days
    unit: Indices
    """Its township, as a number."""


def acting_effect(slots: RandomSlots) -> Effect | CannotTell:
    """Return how many times as many escalations followed where a random slot went.

    The ratio is that of a Poisson regression with a level of its own for every list and township. Its interval holds the ratios that a
    t test of the scores does not reject, summed over townships and stretches of weeks, so that escalations may depend on each other there.
    """
    cases = int(slots.escalations[slots.drawn].sum())
    if slots.drawn.sum() < LEAST_DRAWN:
        return CannotTell.FEW_DRAWN
    if min(cases, slots.escalations[~slots.drawn].sum()) < LEAST_CASES:
        return CannotTell.FEW_CASES
    strata = _stratify(slots)
    if strata.blocks == 1:
        return CannotTell.FEW_BLOCKS
    reach = float(stdtrit(strata.blocks - 1, 1 - TAIL))
    logs = [_log_ratio(strata, statistic) for statistic in (0.0, reach, -reach)]
    if np.isnan(logs).any():
        return CannotTell.FEW_BLOCKS
    ratio, low, high = np.exp(logs).tolist()
    return Effect(ratio, low, high, int(slots.drawn.sum()), cases)


@dataclass(frozen=True)
class _Strata:
    """Lists and townships in which any escalation followed; arrays of equal length."""

    drawn: Floats
    """Number of grids."""
    others: Floats
    followed: Floats
    """Escalations where lot went."""
    followed_others: Floats
    block: npt.NDArray[np.int64]

    @property
    def blocks(self) -> int:
        return int(self.block.max()) + 1

    def scores(self, log_ratio: float) -> Floats:
        """Return the derivative of the log likelihood by block: escalations where lot went beyond those that the ratio leads to expect."""
        weight = np.exp(log_ratio) * self.drawn
        expected = weight / (weight + self.others) * (self.followed + self.followed_others)
        return np.asarray(np.bincount(self.block, self.followed - expected, self.blocks), np.float64)


def _stratify(slots: RandomSlots) -> _Strata:
    keys, stratum = np.unique(np.stack([slots.as_of, slots.unit]), axis=1, return_inverse=True)
    drawn, others, followed, followed_others = (
        np.bincount(stratum.ravel(), arm * amount, keys.shape[1]).astype(np.float64)
        for amount in (np.ones(len(slots.drawn)), slots.escalations)
        for arm in (slots.drawn, ~slots.drawn)
    )
    counted = (others > 0) & (followed + followed_others > 0)
    as_of, unit = keys[:, counted]
    block = np.unique(np.stack([(as_of - slots.as_of.min()) // STRETCH_DAYS, unit]), axis=1, return_inverse=True)[1]
    return _Strata(drawn[counted], others[counted], followed[counted], followed_others[counted], block.ravel())


def _log_ratio(strata: _Strata, statistic: float) -> float:
    """Return the log ratio at which the t statistic of the scores of all blocks has a value; NaN where it never has."""
    from scipy.optimize import brentq  # noqa: PLC0415 - the daily list reviews undertakings once a month

    def excess(log_ratio: float) -> float:
        scores = strata.scores(log_ratio)
        return float(scores.mean() - statistic * scores.std(ddof=1) / np.sqrt(len(scores)))

    if not excess(-WIDEST) > 0 > excess(WIDEST):
        return np.nan
    return float(brentq(excess, -WIDEST, WIDEST))


def _started(facts: Facts, ripe_until: int) -> dict[tuple[int, tuple[str, str]], int]:
    """Return the first start of each treatment of each grid, as it is known."""
    rows = facts.undertakings
    starts: dict[tuple[int, tuple[str, str]], int] = {}
    known = (rows.known_day < ripe_until) & (ripe_until <= rows.until_day) & (rows.start_day < ripe_until)
    for row in np.flatnonzero(known):
        pair = facts.undertaking_kinds[rows.kind[row]]
        if pair[0] == UndertakingKind.TREATMENT:
            key = (int(rows.grid[row]), pair)
            starts[key] = min(int(rows.start_day[row]), starts.get(key, ripe_until))
    return starts


def _neighbours(facts: Facts, grid: int) -> Indices:
    """Return the grids beside one; without known borders, those of its community."""
    if (borders := facts.places.neighbours) is not None:
        return np.asarray(borders.indices[borders.indptr[grid] : borders.indptr[grid + 1]])
    level = facts.places.levels.get("community", facts.places.levels["district"])
    return np.flatnonzero(level.member == level.member[grid]).astype(np.int32)


Counted = tuple[Indices, Days, Floats]
"""Grid, day and weight of each case, ordered by grid."""


def _brought(facts: Facts, categories: tuple[str, ...] | None, ripe_until: int) -> Counted:
    """Return the cases that people brought, petitions aside: what staff found tells as much of how hard they looked."""
    wanted = np.array(
        [kind != EventType.PETITION and (categories is None or category in categories) for kind, category in facts.kinds], np.bool_
    )
    cases = facts.cases
    chosen = wanted[cases.kind] & (cases.self_found != 1) & (cases.known_day < ripe_until)
    return cases.grid[chosen], cases.occurred_day[chosen], cases.weight[chosen]


def _compare(facts: Facts, counted: Counted, grid: int, others: Indices, days: tuple[int, int, int]) -> tuple[float, ...] | None:
    """Return the four counts of one treated grid; None where a side is too short or has no neighbours."""
    start, ripe_until, longest = days
    length = min(longest, start - facts.first_day, ripe_until - start)
    if length < LEAST_DAYS or not len(others):
        return None
    before, after = (start - length, start), (start, start + length)
    own = np.array([grid], np.int32)
    return tuple(_count(counted, grids, window) for grids in (own, others) for window in (before, after))


def _count(counted: Counted, grids: Indices, window: tuple[int, int]) -> float:
    grid, day, weight = counted
    bounds = np.searchsorted(grid, np.stack([grids, grids + 1], axis=1)).tolist()
    return float(sum(weight[rows][(day[rows] >= window[0]) & (day[rows] < window[1])].sum() for rows in (slice(*pair) for pair in bounds)))
