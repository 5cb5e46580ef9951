"""The alert rule: which grids of a published list become alerts today. Pure, and repeatable from the seed.

Order of the tests: below the threshold, no note by a person, an open alert, a silence, the cool-down, the capacity of the township. A
random slot takes only room that the score left, so it never displaces another grid's alert.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from serving.accounts.permissions import Scope
from serving.alerts.text import Odds
from serving.rankings.schemas import GridRow, Score, place_of
from serving.settings import AlertSettings

ChosenBy = Literal["score", "random"]

LEAST_ATTENTION, MOST_ATTENTION = 0.25, 4.0
"""Bounds of the change that undertakings may make to the share of grids alerted in their places."""
MOST_LISTED, OF_LISTS = 8, 12
"""So many of so many consecutive lists may name a grid without a note by a person: nobody should be looked at for ever by default."""


class Outcome(StrEnum):
    """Decision of the rule on a grid."""

    RAISED = auto()
    BELOW_THRESHOLD = auto()
    NEEDS_NOTE = auto()
    OPEN_ALERT = auto()
    SILENCED = auto()
    COOL_DOWN = auto()
    CAPACITY = auto()


@dataclass(frozen=True)
class Candidate:
    """A rated grid of the list."""

    grid_id: str
    path: str
    """Its place in the grid tree, itself last."""
    unit: str
    """Path of its township, whose capacity it takes; empty where unknown."""
    share: float
    """Rank over the number of rated grids: 0.01 is the top 1 %."""


@dataclass(frozen=True)
class AlertHistory:
    """State left by earlier lists."""

    open: frozenset[str] = frozenset()
    """Grids with an open alert."""
    cooling: frozenset[str] = frozenset()
    """Grids whose last alert ended within the cool-down."""
    above: frozenset[str] = frozenset()
    """Grids that were above the threshold on the list before."""
    unnoted: frozenset[str] = frozenset()
    """Grids that `MOST_LISTED` of the last lists named, and no person has noted anything of since."""
    silences: tuple[Scope, ...] = ()
    """Areas that raise nothing now."""
    raised_today: Mapping[str, int] | None = None
    """Alerts of the same day per unit; None for the first list of a day, which alone draws at random."""

    attention: tuple[tuple[Scope, float], ...] = ()
    """Areas in which an undertaking under way moves the share of grids that is alerted, and by what factor."""

    def factor(self, path: str) -> float:
        """Return by what the shares of a place are multiplied: by all that covers it, within the bounds of one."""
        factor = math.prod(factor for area, factor in self.attention if area.covers(path))
        return min(max(factor, LEAST_ATTENTION), MOST_ATTENTION)

    def mutes(self, path: str) -> bool:
        """Tell whether a silence covers a place."""
        return any(silence.covers(path) for silence in self.silences)


@dataclass(frozen=True)
class Decision:
    """Decision on one grid today."""

    grid_id: str
    outcome: Outcome
    chosen_by: ChosenBy = "score"
    selection_probability: float = 1.0
    second_look: bool = False
    """True where level and rank are not shown."""


def seeded(as_of: date, target: str, seed: int) -> np.random.Generator:
    """Return the Generator of a day: the same in every run, another one tomorrow."""
    digest = hashlib.sha256(f"{as_of.isoformat()}|{target}|{seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def decide(candidates: Sequence[Candidate], standing: AlertHistory, alerts: AlertSettings, rng: np.random.Generator) -> list[Decision]:
    """Decide on every rated grid of a list, given by rank; returned in the same order."""
    taken = Counter(standing.raised_today or {})
    by_score: dict[str, Decision] = {}
    for candidate in candidates:
        outcome = _held(candidate, standing, alerts)
        if outcome is Outcome.RAISED and taken[candidate.unit] >= alerts.per_township:
            outcome = Outcome.CAPACITY
        raised = outcome is Outcome.RAISED
        taken[candidate.unit] += raised
        second_look = raised and bool(rng.random() < alerts.blind_review_share)
        by_score[candidate.grid_id] = Decision(candidate.grid_id, outcome, second_look=second_look)
    if standing.raised_today is None:
        by_score |= {drawn.grid_id: drawn for drawn in _explore(_pools(candidates, by_score, standing), taken, alerts, rng)}
    return [by_score[candidate.grid_id] for candidate in candidates]


def is_above(decision: Decision) -> bool:
    """Tell whether a grid was above the threshold, whatever became of it."""
    return decision.chosen_by == "score" and decision.outcome is not Outcome.BELOW_THRESHOLD


def _held(candidate: Candidate, standing: AlertHistory, alerts: AlertSettings) -> Outcome:
    """Return why a grid is not raised, capacity aside; `RAISED` where nothing holds it."""
    threshold = alerts.leave_share if candidate.grid_id in standing.above else alerts.enter_share
    if candidate.share > threshold * standing.factor(candidate.path):
        return Outcome.BELOW_THRESHOLD
    if candidate.grid_id in standing.unnoted:
        return Outcome.NEEDS_NOTE
    if candidate.grid_id in standing.open:
        return Outcome.OPEN_ALERT
    if standing.mutes(candidate.path):
        return Outcome.SILENCED
    return Outcome.COOL_DOWN if candidate.grid_id in standing.cooling else Outcome.RAISED


def _pools(candidates: Sequence[Candidate], by_score: Mapping[str, Decision], standing: AlertHistory) -> dict[str, list[str]]:
    """Return per unit the grids that a random slot may go to: not chosen by score, and free."""
    pools: dict[str, list[str]] = {}
    busy = standing.open | standing.cooling | standing.unnoted
    for candidate in candidates:
        free = candidate.grid_id not in busy and not standing.mutes(candidate.path)
        if free and by_score[candidate.grid_id].outcome is Outcome.BELOW_THRESHOLD:
            pools.setdefault(candidate.unit, []).append(candidate.grid_id)
    return {unit: sorted(pools[unit]) for unit in sorted(pools)}


def _explore(
    pools: Mapping[str, list[str]], taken: Mapping[str, int], alerts: AlertSettings, rng: np.random.Generator
) -> Iterator[Decision]:
    """Fill the random slots of each unit, on average their share of its slots, as far as it has room; uniform over its pool."""
    slots, part = divmod(alerts.exploration_share * alerts.per_township, 1)
    for unit, pool in pools.items():
        room = min(alerts.per_township - taken[unit], len(pool))
        fewer, more = min(int(slots), room), min(int(slots) + 1, room)
        drawn = more if rng.random() < part else fewer
        probability = (fewer * (1 - part) + more * part) / len(pool)
        for grid_id in rng.choice(pool, drawn, replace=False).tolist():
            yield Decision(grid_id, Outcome.RAISED, "random", probability)


class Rated(NamedTuple):
    """A grid that has a rank."""

    row: GridRow
    score: Score

    @property
    def path(self) -> str:
        """Place in the grid tree, the grid itself last."""
        row = self.row
        return place_of({"grid_id": row.grid_id, "community": row.community, "township": row.township, "district": row.district})


@dataclass(frozen=True)
class RankedGrids:
    """All rows of a list."""

    rows: Sequence[GridRow]

    @cached_property
    def rated(self) -> dict[str, Rated]:
        """Rated grids by grid_id, in the order of their rank."""
        pairs = [Rated(row, row.score) for row in self.rows if row.score]
        return {pair.row.grid_id: pair for pair in sorted(pairs, key=lambda pair: pair.score.rank)}

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Grids that the rule decides on, by rank."""
        count = len(self.rated)
        return [Candidate(grid_id, each.path, each.row.township or "", each.score.rank / count) for grid_id, each in self.rated.items()]

    def odds(self, score: Score) -> Odds:
        """Return a grid's chances: their range is that of refits; of a list without it that of the places the grid could have."""
        if score.risk_low is not None and score.risk_high is not None:
            return Odds(score.risk, score.risk_low, score.risk_high, self._average)
        low, high = self._risks[score.rank_high - 1], self._risks[score.rank_low - 1]
        return Odds(score.risk, min(low, score.risk), max(high, score.risk), self._average)

    @cached_property
    def _risks(self) -> list[float]:
        return [each.score.risk for each in self.rated.values()]

    @cached_property
    def _average(self) -> float:
        return sum(self._risks) / len(self._risks)
