"""Case rows: one row per case and as_of, for cases that may still escalate.

An open case is at risk until it has been counted in its spell; a closed one for a while after closing, where the target counts cases that
come back. Rows are joined over all as_ofs at once, and a row holds only what was known before its as_of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.facts import Codes, Facts, Outcome, Weights
from features.facts.places import Indices
from features.panel.as_ofs import AsOfs
from features.panel.case_columns import CLOSED_COLUMNS, OPEN_COLUMNS, CaseColumn, Ends, RowContext, Value, case_key, number_in_case

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CLOSED_DAYS = 90
"""Days after closing in which a case is looked at."""


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
    counted: Days
    """When the first escalation of the spell became known, NEVER where none did."""


def open_cases(facts: Facts, when: AsOfs) -> CaseRows:
    """Return the open cases at risk: known to be open, and not yet counted in their spell."""
    spells = facts.spells
    begins = _first_known(facts, facts.hazards.outcome != Outcome.REPORTED)[facts.cases.event_type[spells.case]]
    counted = first_counted(facts)
    stretches = _stretches(facts, np.maximum(spells.start_day, begins), np.minimum(spells.end_day, counted), counted)
    return _lay_out(facts, when, stretches, OPEN_COLUMNS)


def closed_cases(facts: Facts, when: AsOfs) -> CaseRows:
    """Return the cases closed within `CLOSED_DAYS` and not reopened since, where the target counts what comes back."""
    spells = facts.spells
    begins = _first_known(facts, facts.hazards.outcome == Outcome.CAME_BACK)[facts.cases.event_type[spells.case]]
    end = np.minimum(_next_start(facts), np.minimum(spells.end_day, NEVER - CLOSED_DAYS) + CLOSED_DAYS)
    start = np.where((spells.end_day < NEVER) & ~spells.moved_on, np.maximum(spells.end_day, begins), NEVER).astype(np.int32)
    return _lay_out(facts, when, _stretches(facts, start, end, first_counted(facts)), CLOSED_COLUMNS)


def first_counted(facts: Facts) -> Days:
    """Return per spell the day on which its first escalation became known, NEVER where none did.

    An escalation belongs to the last spell of its case that had begun by the day it became known.
    """
    marks, spells = facts.hazards, facts.spells
    first = np.full(len(spells.case), NEVER, np.int32)
    transitions = marks.outcome != Outcome.REPORTED
    starts = case_key(spells.case, np.where(number_in_case(spells.case) == 0, 0, spells.start_day))
    spell = np.searchsorted(starts, case_key(marks.case[transitions], marks.known_day[transitions]), side="right") - 1
    np.minimum.at(first, spell, marks.known_day[transitions])
    return first


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


def _stretches(facts: Facts, start: Days, end: Days, counted: Days) -> _Stretches:
    chosen = np.flatnonzero((start < end) & ~facts.is_petition[facts.spells.case])
    return _Stretches(chosen, start[chosen], end[chosen], counted[chosen])


def _lay_out(facts: Facts, when: AsOfs, stretches: _Stretches, columns: Mapping[CaseColumn, Value]) -> CaseRows:
    """Give each stretch one row per as_of inside it."""
    first = np.searchsorted(when.as_ofs, stretches.start, side="right")
    length = np.maximum(np.searchsorted(when.as_ofs, stretches.end, side="right") - first, 0)
    spell = np.repeat(stretches.spell, length)
    as_of = np.arange(len(spell)) - np.repeat(np.cumsum(length) - length - first, length)
    order = np.argsort(as_of, kind="stable")  # stretches are ordered by case, hence by grid
    spell, as_of = spell[order], as_of[order]
    case = facts.spells.case[spell]
    ends = _ends(facts, stretches)
    rows = RowContext(facts, spell, case, when.as_ofs[as_of].astype(np.int64), when.horizon_days, ends)
    values = np.empty((len(columns), len(spell)), np.float32)
    for row, value in zip(values, columns.values(), strict=True):
        row[...] = value(rows)
    position = as_of.astype(np.int32)
    cases = facts.cases
    return CaseRows(tuple(columns), facts.kinds, position, cases.grid[case], case, cases.kind[case], cases.weight[case], values)


def _ends(facts: Facts, stretches: _Stretches) -> Ends:
    """Return how the stretches ended; a case that goes on in another grid or as another kind did not end."""
    escalated = (stretches.counted <= stretches.end) & (stretches.end < NEVER)
    ended = escalated | ~facts.spells.moved_on[stretches.spell]
    case = facts.spells.case[stretches.spell[ended]]
    return Ends(case.astype(np.int64), stretches.end[ended].astype(np.int64), escalated[ended])
