"""Counts of a report: new cases, escalations, closed, open and overdue cases, by area or by category."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.facts import Facts
from serving.disclosure import mask, mask_sum
from serving.situation_report.period import TAIL, Change, Period, change, count_interval

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
    reported = np.flatnonzero(facts.cases.reported)
    return _count(facts, groups, reported, facts.cases.known_day[reported], period)


def escalations(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the escalations that occurred in a period."""
    return _count(facts, groups, facts.target.case, facts.target.occurred_day, period)


def closed(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that were closed in a period."""
    closings = ~facts.spells.moved_on
    return _count(facts, groups, facts.spells.case[closings], facts.spells.end_day[closings], period)


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


YEAR_MONTHS = 12

Count = Callable[[Facts, Grouping, Period], Counted]


@dataclass(frozen=True)
class Column:
    """One masked count per group, and their sum; None is what is not shown."""

    cells: list[int | None]
    total: int | None


@dataclass(frozen=True)
class Compared:
    """New cases by group."""

    groups: Grouping
    now: Column
    before: Column | None
    """None where the log does not go back that far."""
    changes: list[Change | None]
    total_change: Change | None
    emerging: list[int]
    """Groups, by position, with clearly more cases a day than over the year before."""


def masked(counted: Counted) -> Column:
    """Mask a column of counts."""
    cells = mask(counted.total.tolist(), counted.days.tolist())
    return Column(cells, mask_sum(counted.total.tolist(), cells))


def happened(count: Count, facts: Facts, groups: Grouping, period: Period) -> Column:
    """Count what happened within a period; a cell that one of its months hides is hidden, or the other months would tell it."""
    counted = count(facts, groups, period)
    parts = period.parts() if period.months > 1 else []
    hidden = np.any([[cell is None for cell in masked(count(facts, groups, part)).cells] for part in parts], axis=0)
    return masked(Counted(counted.total, np.where(hidden, 0, counted.days)))


def compare(facts: Facts, groups: Grouping, period: Period) -> Compared:
    """Count new cases by group, and compare them with the same months a year before where the log goes back that far."""
    earlier = period.before(YEAR_MONTHS)
    now = happened(new_cases, facts, groups, period)
    before = happened(new_cases, facts, groups, earlier) if earlier.start >= facts.first_day else None
    cells_before = before.cells if before else [None] * len(now.cells)
    spans = period.days, earlier.days
    return Compared(
        groups=groups,
        now=now,
        before=before,
        changes=[_change(*pair, *spans) for pair in zip(now.cells, cells_before, strict=True)],
        total_change=_change(now.total, before.total if before else None, *spans),
        emerging=_emerging(facts, groups, now, period),
    )


def interval_text(count: int | None) -> str:
    """Write the interval of the level behind a count.

    >>> interval_text(10)
    '4.8–18.4'
    """
    return "※" if count is None else "–".join(f"{bound:.1f}" for bound in count_interval(count))


def _change(now: int | None, before: int | None, days: int, days_before: int) -> Change | None:
    return None if now is None or before is None else change(now, days, before, days_before)


def _emerging(facts: Facts, groups: Grouping, now: Column, period: Period) -> list[int]:
    """Compare with the year before the period; the intervals together hold at 95 %, however many groups there are."""
    year = replace(period, months=YEAR_MONTHS).before(YEAR_MONTHS)
    if year.start < facts.first_day:
        return []
    before = new_cases(facts, groups, year).total
    tail = TAIL / max(1, len(before))
    pairs = enumerate(zip(now.cells, before, strict=True))
    grown = ((place, change(count, period.days, earlier, year.days, tail)) for place, (count, earlier) in pairs if count)
    return [place for place, found in grown if found and found.low > 1]
