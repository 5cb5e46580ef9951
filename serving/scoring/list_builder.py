"""From a scored day to the rows that are published: rated grids by rank, then those that cannot be rated by grid_id.

Ranks have a range, an attention level, and the two marks chronic and rising. Cases and escalations per calendar week are masked; weeks
are fixed, so that no two lists differ by a single case.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from features.days import Days, day_number
from features.facts.facts import Facts, Weights
from features.facts.places import UPPER_LEVELS, Indices, Places
from serving.disclosure import hide_small_rows
from serving.rankings.entries import Body, to_body
from serving.rankings.line_words import mask as mask_lines
from serving.rankings.schemas import MICRO, GridRow, Score
from serving.scoring.rollups import roll_up
from serving.scoring.scoring import ScoredDay
from serving.settings import RankingSettings
from serving.text import WITHHELD, AttentionLevel
from training.learning.calibration import Calibration
from training.learning.count_variation import RANGE, rank_range

FACTOR_DECIMALS = 9
AGES = (7, 30, 60)
"""Days up to which each age group but the last reaches; a case of 7 days stands in the first."""

WEEKS = 52
WEEK_DAYS = 7
MONDAY = 4
"""Day number of a Monday (1970-01-05)."""

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


def rank_grids(expected: Floats, usual_level: Floats, spread: Spread, ties: Ties, ranking: RankingSettings) -> RankTable:
    """Order grids by expected escalations and say how sure the order is.

    Args:
        expected: (G,) escalations over the horizon.
        usual_level: (G,) the same, as usual for the grid.
        spread: of what is expected and of the counts about it.
        ties: (G,) numbers that order grids of equal score, from `tie_breakers`.
        ranking: where levels end and what counts as chronic or rising.
    """
    rank = order(expected, ties)
    low, high = _range(rank, expected, spread, ties)
    level = _levels(rank, ranking)
    return RankTable(rank, low, high, level, _chronic(usual_level, ties, ranking), _rising(usual_level, spread.refits, ranking))


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


def _levels(rank: Ranks, ranking: RankingSettings) -> tuple[AttentionLevel, ...]:
    shares = (ranking.priority_share, ranking.elevated_share, ranking.watch_share)
    places = [_places(len(rank), share) for share in shares]
    names: tuple[AttentionLevel, ...] = ("priority", "elevated", "watch", "routine")
    return tuple(names[step] for step in np.searchsorted(places, rank).tolist())


def _chronic(usual_level: Floats, ties: Ties, ranking: RankingSettings) -> Flags:
    return order(usual_level, ties) <= _places(len(usual_level), ranking.chronic_share)


def _rising(usual_level: Floats, refits: Floats, ranking: RankingSettings) -> Flags:
    """Mark grids whose factor stays high even at the low end of the refits; without refits nothing can be said."""
    if not len(refits):
        return np.zeros(len(usual_level), np.bool_)
    return np.asarray(np.quantile(refits / usual_level, RANGE[0], axis=0) >= ranking.rising_factor)


def _places(size: int, share: float) -> int:
    """Return how many places a share of the list is, rounded half up."""
    return math.floor(size * share + 0.5)


def weekly_cases(facts: Facts, as_of: int) -> list[tuple[int | None, ...]]:
    """Count per grid the cases that became known in each full week before `as_of` (a day number), the last week last.

    Returns: one tuple per grid of at most `WEEKS` counts, back to the first full week of the log; None stands for one or two.
    """
    cases = facts.cases
    counted = facts.is_report & (cases.grid >= 0)
    counts = _count(facts, as_of, cases.grid[counted], cases.known_day[counted], cases.weight[counted])
    return hide_small_rows(counts)


def weekly_escalations(facts: Facts, as_of: int) -> dict[str, Weights]:
    """Count per grid_id the escalations that became known in each of those weeks; not masked, for sums over areas."""
    marks = facts.target
    placed = marks.grid >= 0
    counts = _count(facts, as_of, marks.grid[placed], marks.known_day[placed], facts.cases.weight[marks.case[placed]])
    return dict(zip(facts.places.grid_ids.tolist(), counts, strict=True))


def _count(facts: Facts, as_of: int, grid: Indices, day: Days, weight: Weights) -> npt.NDArray[np.float64]:
    """Sum weights per grid and full week before `as_of`."""
    end = _monday(as_of)
    start = max(end - WEEKS * WEEK_DAYS, _monday(facts.first_day + WEEK_DAYS - 1))
    weeks = max((end - start) // WEEK_DAYS, 0)
    used = (day >= start) & (day < end)
    cell = grid[used].astype(np.int64) * weeks + (day[used] - start) // WEEK_DAYS
    counts = np.bincount(cell, weight[used], minlength=facts.places.size * weeks).astype(np.float64)
    return counts.reshape(facts.places.size, weeks)


def _monday(day: int) -> int:
    """Return the Monday on or before a day."""
    return day - (day - MONDAY) % WEEK_DAYS


def open_cases(facts: Facts, as_of: int) -> list[tuple[int | None, ...]]:
    """Count per grid the cases known to be open before `as_of` (a day number) by age, the youngest first; petitions are left out.

    Returns: one tuple of `len(AGES) + 1` counts per grid; None stands for one or two.
    """
    spells = facts.spells
    waiting = (spells.start_day < as_of) & (spells.end_day >= as_of) & (spells.grid >= 0) & ~facts.is_petition[spells.case]
    groups = len(AGES) + 1
    age = np.searchsorted(AGES, as_of - spells.start_day[waiting])
    cell = spells.grid[waiting].astype(np.int64) * groups + age
    weight = facts.cases.weight[spells.case[waiting]]
    counts = np.bincount(cell, weight, minlength=facts.places.size * groups).reshape(facts.places.size, groups)
    return hide_small_rows(counts)


def list_grids(day: ScoredDay, names: Mapping[str, str], ranking: RankingSettings) -> list[GridRow]:
    """Return one row per grid in the published order; the top `ranking.explain_top_n` of them with reasons.

    `names` gives the name of each grid_id; a grid without one is called by its code.
    """
    scores = _scores(day, ranking)
    by_rank = np.array(list(scores), np.int64)
    top = by_rank[: ranking.explain_top_n]
    explanations = dict(zip(top.tolist(), map(mask_lines, day.explain(top)), strict=True)) if len(top) else {}
    weeks = weekly_cases(day.facts, day_number(day.as_of))
    waiting = open_cases(day.facts, day_number(day.as_of))
    areas = _areas(day.facts.places)
    grid_ids = day.panel.grid_ids.tolist()
    return [
        GridRow(
            grid_id=grid_ids[grid],
            name=names.get(grid_ids[grid], grid_ids[grid]),
            **{level: areas[level][grid] for level in UPPER_LEVELS},
            score=scores.get(grid),
            withheld=(reason := day.coverage.withheld[grid]),
            withheld_words=WITHHELD[reason] if reason else None,
            confidence=day.coverage.confidence[grid],
            weekly_cases=weeks[grid],
            open_cases=waiting[grid],
            explanation=explanations.get(grid),
        )
        for grid in [*by_rank.tolist(), *np.flatnonzero(~day.coverage.rated).tolist()]
    ]


def sum_up(day: ScoredDay, grids: Sequence[GridRow]) -> Body:
    """Return what is published of a day: the rows of its grids, and those of the areas that they lie in."""
    areas = roll_up(grids, weekly_escalations(day.facts, day_number(day.as_of)), day.model.variation.common)
    rows = {level: {area.path: area for area in found} for level, found in areas.items()}
    return to_body({"grid": {row.grid_id: row for row in grids}, **rows})


def _scores(day: ScoredDay, ranking: RankingSettings) -> dict[int, Score]:
    """Return what is published of each rated grid, by position and in the order of their ranks."""
    rated = day.rated
    expected, usual_level, risk = day.expected[rated], day.usual_level[rated], day.risk[rated]
    ties = tie_breakers(day.panel.grid_ids[rated].tolist(), day.as_of, ranking.seed)
    refits = day.refits[:, rated]
    spread = Spread(refits, day.model.variation.of_grid, (ranking.seed, day_number(day.as_of)))
    standing = rank_grids(expected, usual_level, spread, ties, ranking)
    figures = {
        "expected_escalations": expected,
        "usual_level": usual_level,
        "risk": risk,
        **_bounds(refits, expected, day.model.calibration),
    }
    columns = {name: (np.rint(values * MICRO) / MICRO).tolist() for name, values in figures.items()} | {
        "rank": standing.rank.tolist(),
        "rank_low": standing.rank_low.tolist(),
        "rank_high": standing.rank_high.tolist(),
        "factor": [round(factor, FACTOR_DECIMALS) for factor in (expected / usual_level).tolist()],
        "attention_level": standing.level,
        "chronic": standing.chronic.tolist(),
        "rising": standing.rising.tolist(),
    }
    grids = rated.tolist()
    return {
        grids[place]: Score(**{name: values[place] for name, values in columns.items()}) for place in np.argsort(standing.rank).tolist()
    }


def _bounds(refits: Floats, expected: Floats, calibration: Calibration) -> dict[str, Floats]:
    """Return the ends of what the refits expect, widened to hold what is published, and the chances there; nothing without refits."""
    if not len(refits):
        return {}
    low, high = np.quantile(refits, RANGE, axis=0)
    low, high = np.minimum(low, expected), np.maximum(high, expected)
    chances = {"risk_low": calibration.risk(np.log(low)), "risk_high": calibration.risk(np.log(high))}
    return {"expected_low": low, "expected_high": high} | chances


def _areas(places: Places) -> dict[str, list[str | None]]:
    """Return per level the path of the area each grid lies in; None where a grid lies in none."""
    paths: dict[str, list[str | None]] = {name: [None] * places.size for name in UPPER_LEVELS}
    for name, level in places.levels.items():
        paths[name] = [level.codes[area] if level.codes[area] or name == "district" else None for area in level.member.tolist()]
    return paths
