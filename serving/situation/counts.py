"""What a report counts: new cases, escalations, what was closed, what is open and what is overdue, by area or by category."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts import Facts
from serving.situation.period import Period

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """Counts per group, petitions left out everywhere."""

    total: Floats
    """(N,)"""
    days: npt.NDArray[np.int64]
    """(N,) days on which at least one came in."""


@dataclass(frozen=True)
class Grouping:
    """Which group each case belongs to; groups stand in the order of their codes."""

    names: tuple[str, ...]
    of_case: Groups
    """-1 for cases that are not counted."""


def by_township(facts: Facts) -> Grouping:
    """Group cases without petitions by township; the district is one group where townships are unknown."""
    level = facts.places.levels.get("township", facts.places.levels["district"])
    grid = facts.cases.grid
    placed = (grid >= 0) & ~facts.is_petition
    return Grouping(level.codes, np.where(placed, level.member[np.maximum(grid, 0)], -1).astype(np.int64))


def by_kind(facts: Facts) -> Grouping:
    """Group cases without petitions by event type and category, `type/category`."""
    used = np.unique(facts.cases.kind[~facts.is_petition & (facts.cases.grid >= 0)])
    names = tuple("/".join(facts.kinds[kind]) for kind in used)
    place = np.full(len(facts.kinds), -1, np.int64)
    place[used] = np.arange(len(used))
    counted = ~facts.is_petition & (facts.cases.grid >= 0)
    return Grouping(names, np.where(counted, place[facts.cases.kind], -1))


def new_cases(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that became known in a period."""
    return _count(facts, groups, np.arange(len(facts.cases.grid)), facts.cases.known_day, period)


def escalations(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the escalations that occurred in a period."""
    return _count(facts, groups, facts.target.case, facts.target.occurred_day, period)


def closed(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that were closed in a period."""
    return _count(facts, groups, facts.spells.case, facts.spells.end_day, period)


def open_at_end(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that were open when a period ended."""
    spells = facts.spells
    waiting = (spells.start_day < period.end) & (spells.end_day >= period.end)
    return _sum(facts, groups, spells.case[waiting], spells.start_day[waiting])


def overdue_at_end(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count those of them whose deadline had passed."""
    spells = facts.spells
    waiting = (spells.start_day < period.end) & (spells.end_day >= period.end)
    waiting &= facts.cases.deadline_day[spells.case] < period.end
    return _sum(facts, groups, spells.case[waiting], spells.start_day[waiting])


def _count(facts: Facts, groups: Grouping, case: npt.NDArray[np.integer], day: Days, period: Period) -> Counted:
    within = (day >= period.start) & (day < period.end)
    return _sum(facts, groups, case[within], day[within])


def _sum(facts: Facts, groups: Grouping, case: npt.NDArray[np.integer], day: Days) -> Counted:
    group = groups.of_case[case]
    counted = group >= 0
    size = len(groups.names)
    total = np.bincount(group[counted], facts.cases.weight[case[counted]], minlength=size)
    pairs = np.unique(np.column_stack([group[counted], day[counted]]), axis=0)
    return Counted(np.asarray(total, np.float64), np.bincount(pairs[:, 0].astype(np.int64), minlength=size))
