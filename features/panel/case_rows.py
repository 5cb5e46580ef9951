"""Case rows: one row per case and as_of, for cases that may still escalate.

An open case is at risk until it has been counted in its spell; a closed one for a while after closing, where the target counts cases that
come back. Rows are joined over all as_ofs at once, and a row holds only what was known before its as_of.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.facts import Codes, Facts, Outcome, Weights
from features.facts.places import Indices
from features.panel.as_ofs import REPEAT_DAYS, AsOfs

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CLOSED_DAYS = 90
"""Days after closing in which a case is looked at."""
PAPER_DAYS = 7
"""A case that was closed so few days before its term may have been closed on paper."""
CALL_DAYS = 60
"""Days after a case began in which other reports of its category are counted."""
DAY_SPAN = 2**20
"""More than any day number: keys of (something, day) do not run into each other."""

Unit = Literal["days", "cases", "yes", "times", "odds"]


@dataclass(frozen=True)
class CaseColumn:
    """One column of case rows."""

    name: str
    unit: Unit
    direction: Literal[-1, 0, 1]
    """What a higher value can only do to the chance of escalating."""
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
class CaseRows:
    """Rows ordered by as_of, grid and case; arrays have shape (R,)."""

    columns: tuple[CaseColumn, ...]
    kinds: tuple[tuple[str, str], ...]
    """Event type and category by the codes of `kind`."""
    as_of: Indices
    """Position among the as_ofs."""
    grid: Indices
    case: Indices
    """Row of `Facts.cases`."""
    kind: Codes
    weight: Weights
    values: npt.NDArray[np.float32]
    """(columns, R); NaN where there is no value."""

    @classmethod
    def none(cls) -> Self:
        """Return a table without rows and columns."""
        nothing = np.zeros(0, np.int32)
        return cls((), (), nothing, nothing, nothing, nothing.astype(np.int16), np.zeros(0), np.zeros((0, 0), np.float32))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names, in the order of `values`."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> npt.NDArray[np.float32]:
        """Return one column, (R,)."""
        return np.asarray(self.values[self.names.index(name)])

    def span(self, as_ofs: slice) -> slice:
        """Return the rows of consecutive as_ofs."""
        first, stop = np.searchsorted(self.as_of, np.array([as_ofs.start, as_ofs.stop], np.int32))
        return slice(int(first), int(stop))

    def at(self, as_ofs: slice) -> Self:
        """Return the rows of consecutive as_ofs, whose positions then begin at 0."""
        rows = self.span(as_ofs)
        parts = {name: getattr(self, name)[rows] for name in ("grid", "case", "kind", "weight")}
        return replace(self, as_of=self.as_of[rows] - np.int32(as_ofs.start), values=self.values[:, rows], **parts)


@dataclass(frozen=True)
class _Stretches:
    """Stretches of time in which cases are at risk: for as_of in (start, end]."""

    spell: npt.NDArray[np.int64]
    """Row of `Facts.spells`."""
    start: Days
    end: Days


@dataclass(frozen=True)
class _Rows:
    """The rows being made: where each comes from, and the day it looks from."""

    facts: Facts
    spell: npt.NDArray[np.int64]
    case: Indices
    day: npt.NDArray[np.int64]
    horizon_days: int

    def of_case(self, name: str) -> npt.NDArray[np.int64]:
        return np.asarray(getattr(self.facts.cases, name)[self.case].astype(np.int64))

    def of_spell(self, name: str) -> npt.NDArray[np.int64]:
        return np.asarray(getattr(self.facts.spells, name)[self.spell].astype(np.int64))

    @cached_property
    def term(self) -> npt.NDArray[np.int64]:
        """The day on which the target's clock rule fires, else the deadline; NEVER where there is neither."""
        due = self.of_case("due_day")
        return np.where(due < NEVER, due, self.of_case("deadline_day"))


Value = Callable[[_Rows], npt.NDArray[np.generic]]


def open_cases(facts: Facts, when: AsOfs) -> CaseRows:
    """Return the open cases at risk: known to be open, and not yet counted in their spell."""
    spells = facts.spells
    begins = _first_known(facts, facts.hazards.outcome != Outcome.REPORTED)[facts.cases.event_type[spells.case]]
    end = np.minimum(spells.end_day, first_counted(facts))
    return _lay_out(facts, when, _stretches(facts, np.maximum(spells.start_day, begins), end), OPEN_COLUMNS)


def closed_cases(facts: Facts, when: AsOfs) -> CaseRows:
    """Return the cases closed within `CLOSED_DAYS` and not reopened since, where the target counts what comes back."""
    spells = facts.spells
    begins = _first_known(facts, facts.hazards.outcome == Outcome.CAME_BACK)[facts.cases.event_type[spells.case]]
    end = np.minimum(_next_start(facts), np.minimum(spells.end_day, NEVER - CLOSED_DAYS) + CLOSED_DAYS)
    start = np.where((spells.end_day < NEVER) & ~spells.moved_on, np.maximum(spells.end_day, begins), NEVER).astype(np.int32)
    return _lay_out(facts, when, _stretches(facts, start, end), CLOSED_COLUMNS)


def first_counted(facts: Facts) -> Days:
    """Return per spell the day on which its first escalation became known, NEVER where none did.

    An escalation belongs to the last spell of its case that had begun by the day it became known.
    """
    marks, spells = facts.hazards, facts.spells
    first = np.full(len(spells.case), NEVER, np.int32)
    transitions = marks.outcome != Outcome.REPORTED
    starts = _key(spells.case, np.where(_number_in_case(spells.case) == 0, 0, spells.start_day))
    spell = np.searchsorted(starts, _key(marks.case[transitions], marks.known_day[transitions]), side="right") - 1
    np.minimum.at(first, spell, marks.known_day[transitions])
    return first


def _key(case: npt.NDArray[np.integer], day: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return case.astype(np.int64) * DAY_SPAN + np.clip(day.astype(np.int64), 0, DAY_SPAN - 1)


def _number_in_case(case: Indices) -> npt.NDArray[np.int64]:
    """Return the number of each row within its case (sorted), from 0.

    >>> _number_in_case(np.array([0, 0, 3, 4, 4], np.int32))
    array([0, 1, 0, 0, 1])
    """
    first = np.searchsorted(case, case)
    return np.asarray(np.arange(len(case)) - first)


def _next_start(facts: Facts) -> Days:
    """Return per spell when the next one of its case began, NEVER where none did."""
    spells = facts.spells
    follows = np.full(len(spells.case), NEVER, np.int32)
    same = spells.case[1:] == spells.case[:-1]
    follows[:-1][same] = spells.start_day[1:][same]
    return follows


def _first_known(facts: Facts, wanted: Flags) -> Days:
    """Return per event type when the first of the wanted escalations became known: before it nobody knows that such cases escalate."""
    first = np.full(len(facts.event_types), NEVER, np.int32)
    np.minimum.at(first, facts.cases.event_type[facts.hazards.case[wanted]], facts.hazards.known_day[wanted])
    return first


def _stretches(facts: Facts, start: Days, end: Days) -> _Stretches:
    chosen = np.flatnonzero((start < end) & ~facts.is_petition[facts.spells.case])
    return _Stretches(chosen, start[chosen], end[chosen])


def _lay_out(facts: Facts, when: AsOfs, stretches: _Stretches, columns: "dict[CaseColumn, Value]") -> CaseRows:
    """Give each stretch one row per as_of inside it."""
    first = np.searchsorted(when.as_ofs, stretches.start, side="right")
    length = np.maximum(np.searchsorted(when.as_ofs, stretches.end, side="right") - first, 0)
    spell = np.repeat(stretches.spell, length)
    as_of = np.arange(len(spell)) - np.repeat(np.cumsum(length) - length - first, length)
    order = np.argsort(as_of, kind="stable")  # stretches are ordered by case, hence by grid
    spell, as_of = spell[order], as_of[order]
    case = facts.spells.case[spell]
    rows = _Rows(facts, spell, case, when.as_ofs[as_of].astype(np.int64), when.horizon_days)
    values = np.empty((len(columns), len(spell)), np.float32)
    for row, value in zip(values, columns.values(), strict=True):
        row[...] = value(rows)
    position = as_of.astype(np.int32)
    cases = facts.cases
    return CaseRows(tuple(columns), facts.kinds, position, cases.grid[case], case, cases.kind[case], cases.weight[case], values)


def _days_left(rows: _Rows) -> Floats:
    return np.where(rows.term < NEVER, rows.term - rows.day, np.nan)


def _falls_due(rows: _Rows) -> Flags:
    """Tell whether the target's own clock rule fires within the horizon."""
    left = rows.of_case("due_day") - rows.day
    return np.asarray((left >= 0) & (left < rows.horizon_days))


def _is_repeat(rows: _Rows) -> Flags:
    """Tell whether a case of the same kind and grid became known on an earlier day, whatever the order within a day."""
    cases, known = rows.facts.cases, rows.of_case("known_day")
    group = cases.grid * np.int64(len(rows.facts.kinds)) + cases.kind
    return np.asarray(_count_known(rows.facts, group, rows.case, known - REPEAT_DAYS, known) > 0)


def _calls(rows: _Rows) -> npt.NDArray[np.int64]:
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
    """Count the cases of each row's group, petitions aside, that became known on days [since, until)."""
    known = np.sort(_key(group[~facts.is_petition], facts.cases.known_day[~facts.is_petition]))
    first, stop = (np.searchsorted(known, _key(group[case], day)) for day in (since, until))
    return np.asarray(np.maximum(stop - first, 0))


def _closed_on_paper(rows: _Rows) -> Flags:
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
    SPELL: lambda rows: _number_in_case(rows.facts.spells.case)[rows.spell],
    REPEATED: _is_repeat,
    JOINT: lambda rows: rows.facts.cases.group[rows.case],
    CaseColumn("self_found", "yes", 0, "走访发现", "found on a visit"): lambda rows: rows.of_case("self_found") == 1,
    CaseColumn("delay", "days", 0, "上报滞后{n}天", "reported {n} days late"): lambda rows: (
        rows.of_case("known_day") - rows.of_case("occurred_day")
    ),
    CaseColumn("calls", "cases", 0, "其间同类其他记录{n}件", "{n} other reports of its category since"): _calls,
}
CLOSED_COLUMNS: dict[CaseColumn, Value] = {
    CaseColumn("days_closed", "days", 0, "已办结{n}天", "closed {n} days ago"): lambda rows: rows.day - rows.of_spell("end_day"),
    CaseColumn("on_paper", "yes", 1, "临到期办结", "closed just before its term"): _closed_on_paper,
    CaseColumn("handling", "days", 0, "办理用时{n}天", "handled for {n} days"): lambda rows: (
        rows.of_spell("end_day") - rows.of_case("occurred_day")
    ),
    SPELL: lambda rows: _number_in_case(rows.facts.spells.case)[rows.spell],
    REPEATED: _is_repeat,
    JOINT: lambda rows: rows.facts.cases.group[rows.case],
}
