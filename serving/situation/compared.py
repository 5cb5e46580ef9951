"""Counts of a period beside those of the same period a year before, masked."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from features.facts import Facts
from serving.situation.counts import Counted, Grouping, new_cases
from serving.situation.intervals import TAIL, Change, change, count_interval
from serving.situation.masking import mask, mask_sum
from serving.situation.period import Period

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
