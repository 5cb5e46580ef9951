"""Cases that were handed to another grid or reclassified: they go on there from the day on which that became known."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.arrays import sort_order
from features.facts.facts import Codes, Facts, Marks, Spells
from features.facts.places import Indices

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Corrections:
    """One row per correction, in the order in which they became known; at most one of a case on a day."""

    case: Indices
    """Row of `Cases`."""
    known_day: Days
    grid: Indices
    kind: Codes


def follow_corrections(facts: Facts, corrections: Corrections) -> Facts:
    """Let each corrected case go on in its new grid and kind: a further row of `Cases`, with what happens from that day on.

    The report stays where and what it was, for so it was known. An open spell is cut at the correction: it was open here, and is open
    there; its age goes on. Nothing that was known before the correction changes.
    """
    if not len(corrections.case):
        return facts
    order = np.lexsort((corrections.known_day, corrections.case))
    case, day = corrections.case[order], corrections.known_day[order]
    count = len(facts.cases.grid)
    row = np.concatenate([np.arange(count), case])
    columns = {column.name: getattr(facts.cases, column.name)[row] for column in fields(facts.cases)}
    columns["grid"] = np.concatenate([facts.cases.grid, corrections.grid[order]])
    columns["kind"] = np.concatenate([facts.cases.kind, corrections.kind[order]])
    columns["reported"] = np.concatenate([facts.cases.reported, np.zeros(len(case), np.bool_)])
    by_grid = sort_order(columns["grid"], columns["known_day"])
    number = np.empty(len(row), np.int32)
    number[by_grid] = np.arange(len(row), dtype=np.int32)
    cases = replace(facts.cases, **{name: values[by_grid] for name, values in columns.items()})
    stages = _Stages(number, case, day, count)
    return replace(
        facts,
        cases=cases,
        spells=_cut_spells(facts.spells, stages, cases.grid),
        target=_follow_marks(facts.target, stages, cases.grid),
        hazards=_follow_marks(facts.hazards, stages, cases.grid),
        reopened=_follow_marks(facts.reopened, stages, cases.grid),
        further=_follow_marks(facts.further, stages, cases.grid),
    )


@dataclass(frozen=True)
class _Stages:
    """The rows that a case has one after the other: its report, then one per correction."""

    number: Indices
    """New row of each old one, and of each correction."""
    case: Indices
    """Old row of each correction, sorted."""
    day: Days
    """Day of each correction, sorted within its case."""
    count: int
    """Rows before."""

    def row_on(self, case: Indices, day: Days) -> Indices:
        """Return the new row of each case as it was known on a day: facts of that day count to the row before."""
        first = np.searchsorted(self.case, case)
        passed = _count_before(self, case, day)
        return self.number[np.where(passed > 0, self.count + first + passed - 1, case)]


def _count_before(stages: _Stages, case: Indices, day: Days) -> Rows:
    """Return how many corrections of each case were known before a day."""
    span = np.int64(NEVER) + 1
    keys = stages.case.astype(np.int64) * span + np.maximum(stages.day, 0)
    return np.searchsorted(keys, case.astype(np.int64) * span + np.clip(day, 0, NEVER)) - np.searchsorted(stages.case, case)


def _follow_marks(marks: Marks, stages: _Stages, grid: Indices) -> Marks:
    case = stages.row_on(marks.case, marks.known_day)
    order = np.argsort(case, kind="stable")
    columns = {column.name: getattr(marks, column.name)[order] for column in fields(marks)}
    return replace(marks, **{**columns, "case": case[order], "grid": grid[case[order]]})


def _cut_spells(spells: Spells, stages: _Stages, grid: Indices) -> Spells:
    """Cut each spell at the corrections that fall into it; all pieces but the last end by moving on."""
    first = np.searchsorted(stages.case, spells.case)
    begun = _count_before(stages, spells.case, spells.start_day + 1)
    ended = _count_before(stages, spells.case, spells.end_day)
    pieces = np.maximum(ended - begun, 0) + 1
    spell = np.repeat(np.arange(len(spells.case)), pieces)
    nth = np.arange(len(spell)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    stage = begun[spell] + nth
    place, day = first[spell] + stage, np.append(stages.day, np.int32(NEVER))  # of the correction that follows a piece; none after the last
    start = np.where(nth > 0, day[place - 1], spells.start_day[spell])
    last = nth == pieces[spell] - 1
    end = np.where(last, spells.end_day[spell], day[place])
    case = stages.number[np.where(stage > 0, stages.count + first[spell] + stage - 1, spells.case[spell])]
    order = np.argsort(case, kind="stable")
    moved_on = ~last | spells.moved_on[spell]
    return Spells(case[order], grid[case[order]], start[order].astype(np.int32), end[order].astype(np.int32), moved_on[order])
