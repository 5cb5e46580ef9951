"""Columns of case rows: what is known of a case, and of what became of others like it, before an as_of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.days import NEVER
from features.facts.facts import Facts
from features.facts.places import Indices
from features.panel.as_ofs import REPEAT_DAYS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

PAPER_DAYS = 7
"""A case that was closed so few days before its term may have been closed on paper."""
CALL_DAYS = 60
"""Days after a case began in which other reports of its category are counted."""
YEAR_DAYS = 365
CLEARED_DAYS = 28
PRIOR_CASES = 10.0
"""Ended cases of all that steady the share of one group."""
DAY_SPAN = 2**20
"""More than any day number: keys of (something, day) do not run into each other."""

Unit = Literal["days", "cases", "yes", "times", "odds", "share"]


@dataclass(frozen=True)
class CaseColumn:
    """One column of case rows."""

    name: str
    unit: Unit
    direction: Literal[-1, 0, 1]
    """Direction in which a higher value can only move the chance of escalating."""
    zh: str
    """Chinese phrase; `{n}` stands for the value."""
    en: str
    window_days: None = None
    """Case columns count over no window."""

    @property
    def reason(self) -> str:
        """Reason group: each column of a case stands for itself."""
        return self.name


KIND_ODDS = CaseColumn("kind_odds", "odds", 1, "事项类别", "its kind")
"""A column that is learnt: the log odds with which cases of its kind escalate."""
DUE_ODDS = CaseColumn("due_odds", "odds", 1, "同类到期事项的升级情况", "how cases of its kind that fell due fared")
"""The same among those of its kind that fell due within the horizon; missing where it does not fall due."""


@dataclass(frozen=True)
class Ends:
    """Ends of cases' time at risk; arrays of equal length."""

    case: Integers
    """Row of `Facts.cases`."""
    day: Integers
    """When that became known; NEVER while the case is at risk."""
    escalated: Flags
    """False where it was closed before it escalated."""


@dataclass(frozen=True)
class RowContext:
    """Rows being made: where each comes from, the day it looks from, and how cases at risk ended."""

    facts: Facts
    spell: npt.NDArray[np.int64]
    case: Indices
    day: npt.NDArray[np.int64]
    horizon_days: int
    ends: Ends

    def of_case(self, name: str) -> npt.NDArray[np.int64]:
        """Return one array of the cases, by row."""
        return np.asarray(getattr(self.facts.cases, name)[self.case].astype(np.int64))

    def of_spell(self, name: str) -> npt.NDArray[np.int64]:
        """Return one array of the spells, by row."""
        return np.asarray(getattr(self.facts.spells, name)[self.spell].astype(np.int64))

    @cached_property
    def term(self) -> npt.NDArray[np.int64]:
        """The day on which the target's clock rule fires, else the deadline; NEVER where there is neither."""
        due = self.of_case("due_day")
        return np.where(due < NEVER, due, self.of_case("deadline_day"))

    def count_ends(self, group: Integers, days: int) -> tuple[Integers, Integers]:
        """Count the cases of each row's group that escalated, and all that ended, in [as_of - days, as_of)."""
        near = (self.ends.day >= self.day.min(initial=DAY_SPAN) - days) & (self.ends.day < self.day.max(initial=0))
        return self._count_ended(group, days, near & self.ends.escalated), self._count_ended(group, days, near)

    def _count_ended(self, group: Integers, days: int, chosen: Flags) -> Integers:
        known = np.sort(case_key(group[self.ends.case[chosen]], self.ends.day[chosen]))
        first, stop = (np.searchsorted(known, case_key(group[self.case], day)) for day in (self.day - days, self.day))
        return np.asarray(stop - first)

    @cached_property
    def overall_share(self) -> Floats:
        """The share that escalated of all cases that ended in the year before as_of."""
        escalated, ended = self.count_ends(np.zeros(len(self.facts.cases.grid), np.int64), YEAR_DAYS)
        return np.asarray((escalated + 1) / (ended + 2))


Value = Callable[[RowContext], npt.NDArray[np.generic]]


def case_key(case: npt.NDArray[np.integer], day: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Order pairs of a number and a day by one number."""
    return case.astype(np.int64) * DAY_SPAN + np.clip(day.astype(np.int64), 0, DAY_SPAN - 1)


def number_in_case(case: Indices) -> npt.NDArray[np.int64]:
    """Return the number of each row within its case (sorted), from 0.

    >>> number_in_case(np.array([0, 0, 3, 4, 4], np.int32))
    array([0, 1, 0, 0, 1])
    """
    row = np.arange(len(case))
    begins = np.append(True, case[1:] != case[:-1])[: len(case)]
    return np.asarray(row - np.maximum.accumulate(np.where(begins, row, 0)))


def _days_left(rows: RowContext) -> Floats:
    return np.where(rows.term < NEVER, rows.term - rows.day, np.nan)


def _falls_due(rows: RowContext) -> Flags:
    """Tell whether the target's own clock rule fires within the horizon."""
    left = rows.of_case("due_day") - rows.day
    return np.asarray((left >= 0) & (left < rows.horizon_days))


def _is_repeat(rows: RowContext) -> Flags:
    """Tell whether a case of the same kind and grid became known on an earlier day, whatever the order within a day."""
    cases, known = rows.facts.cases, rows.of_case("known_day")
    group = cases.grid * np.int64(len(rows.facts.kinds)) + cases.kind
    return np.asarray(_count_known(rows.facts, group, rows.case, known - REPEAT_DAYS, known) > 0)


def _calls(rows: RowContext) -> npt.NDArray[np.int64]:
    """Count reports of other event types, of the same category and grid, known since the case began and before as_of."""
    facts, cases = rows.facts, rows.facts.cases
    categories = {name: number for number, name in enumerate(sorted({category for _, category in facts.kinds}))}
    category = np.array([categories[name] for _, name in facts.kinds], np.int64)[cases.kind]
    since = rows.of_case("occurred_day")
    until = np.minimum(rows.day, since + CALL_DAYS)
    of_category = _count_known(facts, cases.grid * np.int64(len(categories)) + category, rows.case, since, until)
    of_kind = _count_known(facts, cases.grid * np.int64(len(facts.kinds)) + cases.kind, rows.case, since, until)
    return of_category - of_kind


def _count_known(
    facts: Facts, group: npt.NDArray[np.int64], case: Indices, since: npt.NDArray[np.int64], until: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Count the reports of each row's group that became known on days [since, until); a case counts where it was reported."""
    known = np.sort(case_key(group[facts.is_report], facts.cases.known_day[facts.is_report]))
    first, stop = (np.searchsorted(known, case_key(group[case], day)) for day in (since, until))
    return np.asarray(np.maximum(stop - first, 0))


def _of_grid(facts: Facts) -> Integers:
    return facts.cases.grid.astype(np.int64)


def _of_kind(facts: Facts) -> Integers:
    return facts.cases.kind.astype(np.int64)


def _of_both(facts: Facts) -> Integers:
    return _of_grid(facts) * len(facts.kinds) + facts.cases.kind


def _escalated_share(group: Callable[[Facts], Integers], days: int) -> Value:
    """Return the share that escalated of the group's cases that ended in [as_of - days, as_of), drawn towards that of all within a year."""

    def share(rows: RowContext) -> Floats:
        escalated, ended = rows.count_ends(group(rows.facts), days)
        return np.asarray((escalated + PRIOR_CASES * rows.overall_share) / (ended + PRIOR_CASES))

    return share


def _cleared(rows: RowContext) -> Integers:
    """Count the grid's cases that were closed without escalating in the 28 days before as_of."""
    escalated, ended = rows.count_ends(_of_grid(rows.facts), CLEARED_DAYS)
    return np.asarray(ended - escalated)


def _waiting(rows: RowContext) -> Integers:
    """Count the rows of the same grid and as_of."""
    _, place, count = np.unique(case_key(rows.facts.cases.grid[rows.case], rows.day), return_inverse=True, return_counts=True)
    return np.asarray(count[place])


def _closed_on_paper(rows: RowContext) -> Flags:
    before_term = rows.term - rows.of_spell("end_day")
    return np.asarray((rows.term < NEVER) & (before_term >= 0) & (before_term <= PAPER_DAYS))


REPEATED = CaseColumn("repeat", "yes", 0, "90天内同类重复", "a repeat of the same kind within 90 days")
JOINT = CaseColumn("group", "yes", 0, "多人共同反映", "brought by five or more people")
SPELL = CaseColumn("spell", "times", 0, "曾办结{n}次", "closed {n} times before")

OPEN_COLUMNS: dict[CaseColumn, Value] = {
    CaseColumn("age", "days", 0, "已{n}天", "{n} days old"): lambda rows: rows.day - rows.of_case("occurred_day"),
    CaseColumn("days_left", "days", 0, "距办理期限{n}天", "{n} days to its term"): _days_left,
    CaseColumn("falls_due", "yes", 1, "时段内到期", "its term ends within the days ahead"): _falls_due,
    CaseColumn("term_passed", "yes", 0, "已超期", "past its term"): lambda rows: rows.term < rows.day,
    SPELL: lambda rows: number_in_case(rows.facts.spells.case)[rows.spell],
    REPEATED: _is_repeat,
    JOINT: lambda rows: rows.facts.cases.group[rows.case],
    CaseColumn("self_found", "yes", 0, "走访发现", "found on a visit"): lambda rows: rows.of_case("self_found") == 1,
    CaseColumn("delay", "days", 0, "上报滞后{n}天", "reported {n} days late"): lambda rows: (
        rows.of_case("known_day") - rows.of_case("occurred_day")
    ),
    CaseColumn("grid_share_56d", "share", 0, "本网格近8周了结的事项{n}有升级", "{n} of the grid's cases of the last 8 weeks escalated"): (
        _escalated_share(_of_grid, 56)
    ),
    CaseColumn("grid_share_182d", "share", 0, "本网格近半年了结的事项{n}有升级", "{n} of the grid's cases of half a year escalated"): (
        _escalated_share(_of_grid, 182)
    ),
    CaseColumn("grid_kind_share_365d", "share", 0, "本网格一年来同类事项{n}有升级", "{n} of the grid's cases of its kind escalated"): (
        _escalated_share(_of_both, YEAR_DAYS)
    ),
    CaseColumn("kind_share_56d", "share", 0, "全区近8周同类事项{n}有升级", "{n} of the cases of its kind escalated lately"): (
        _escalated_share(_of_kind, 56)
    ),
    CaseColumn("cleared_28d", "cases", 0, "本网格近28天办结{n}件", "{n} cases of the grid closed in 28 days"): _cleared,
    CaseColumn("waiting", "cases", 0, "本网格同时有{n}件未办结", "{n} cases open in the grid"): _waiting,
    CaseColumn("calls", "cases", 0, "其间同类其他记录{n}件", "{n} other reports of its category since"): _calls,
}
CLOSED_COLUMNS: dict[CaseColumn, Value] = {
    CaseColumn("days_closed", "days", 0, "已办结{n}天", "closed {n} days ago"): lambda rows: rows.day - rows.of_spell("end_day"),
    CaseColumn("on_paper", "yes", 1, "临到期办结", "closed just before its term"): _closed_on_paper,
    CaseColumn("handling", "days", 0, "办理用时{n}天", "handled for {n} days"): lambda rows: (
        rows.of_spell("end_day") - rows.of_case("occurred_day")
    ),
    SPELL: lambda rows: number_in_case(rows.facts.spells.case)[rows.spell],
    REPEATED: _is_repeat,
    JOINT: lambda rows: rows.facts.cases.group[rows.case],
}
