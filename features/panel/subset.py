"""Cut facts down to what a panel can see and to some of its grids; the same code then runs on a part as on the whole."""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.facts import Cases, Covariates, Facts, Marks, Spells
from features.facts.places import Indices
from features.undertakings.in_force import Undertakings

Rows = TypeVar("Rows", Cases, Spells, Marks, Undertakings, Covariates)
Linked = TypeVar("Linked", Spells, Marks)
Known = TypeVar("Known", Marks, Covariates)
Flags = npt.NDArray[np.bool_]
Chosen = npt.NDArray[np.int64] | slice


def trim(facts: Facts, first: int, end: int) -> Facts:
    """Return the facts that as_ofs up to `end` can see and remember: cases known before it, and known, open or changed since `first`."""
    used = facts.cases.known_day >= first
    used[facts.spells.case[facts.spells.end_day >= first]] = True
    for marks in (facts.target, facts.hazards, facts.reopened):
        used[marks.case[marks.known_day >= first]] = True
    return _of_cases(facts, used & (facts.cases.known_day < end))


def without_petitions(facts: Facts) -> Facts:
    """Return the facts as they were if nobody had petitioned; the vocabulary stays whole."""
    return _of_cases(facts, ~facts.is_petition)


def known_before(facts: Facts, day: int) -> Facts:
    """Return the facts as they were known on the morning of a day: no later case, and nothing that came to be known since."""
    past = trim(facts, -NEVER, day)
    spells = _chosen(past.spells, past.spells.start_day < day)
    undertakings = _chosen(past.undertakings, past.undertakings.known_day < day)
    marks = {name: _known(getattr(past, name), day) for name in ("target", "hazards", "reopened", "further")}
    return replace(
        past,
        spells=replace(spells, end_day=_until(spells.end_day, day)),
        undertakings=replace(undertakings, until_day=_until(undertakings.until_day, day)),
        covariates=_known(past.covariates, day),
        known_through_day=min(past.known_through_day, day - 1),
        **marks,
    )


def _known(rows: Known, day: int) -> Known:
    return _chosen(rows, rows.known_day < day)


def _until(end_day: Days, day: int) -> Days:
    """Return ends that are known by a day; what ends later is not known to end."""
    return np.where(end_day < day, end_day, NEVER).astype(np.int32)


def _chosen(rows: Rows, chosen: Flags) -> Rows:
    return replace(rows, **{column.name: getattr(rows, column.name)[chosen] for column in fields(rows)})


def _of_cases(facts: Facts, used: Flags) -> Facts:
    """Return the facts of some cases, with what happened to them."""
    number = (np.cumsum(used) - 1).astype(np.int32)

    def follow(rows: Linked) -> Linked:
        kept = _chosen(rows, used[rows.case])
        return replace(kept, case=number[kept.case])

    return replace(
        facts,
        cases=_chosen(facts.cases, used),
        spells=follow(facts.spells),
        target=follow(facts.target),
        hazards=follow(facts.hazards),
        reopened=follow(facts.reopened),
        further=follow(facts.further),
    )


def subset(facts: Facts, grids: Indices) -> Facts:
    """Return the facts of these grids (sorted positions), renumbered from 0; the vocabulary stays whole.

    Consecutive grids are cut out as views, others are copied.
    """
    offsets = facts.case_offsets
    firsts = offsets[grids]
    shift = np.concatenate([[0], np.cumsum(offsets[grids + 1] - firsts)[:-1]]) - firsts

    def cut(rows: Rows) -> Rows:
        chosen = _rows_of(rows.grid, grids)
        columns = {column.name: getattr(rows, column.name)[chosen] for column in fields(rows)}
        columns["grid"] = _renumbered(columns["grid"], grids)
        if "case" in columns:
            columns["case"] = (columns["case"] + shift[columns["grid"]]).astype(np.int32)
        return replace(rows, **columns)

    marks = {name: cut(getattr(facts, name)) for name in ("target", "hazards", "reopened", "further")}
    return replace(
        facts,
        cases=cut(facts.cases),
        spells=cut(facts.spells),
        undertakings=cut(facts.undertakings),
        covariates=cut(facts.covariates),
        **marks,
    )


def _renumbered(grid: Indices, grids: Indices) -> Indices:
    if len(grids) and grids[-1] - grids[0] + 1 == len(grids):
        return np.asarray(grid - grids[0])
    return np.searchsorted(grids, grid).astype(np.int32)


def _rows_of(sorted_grids: Indices, grids: Indices) -> Chosen:
    """Return the rows of these grids; a slice where the grids are consecutive."""
    if len(grids) and grids[-1] - grids[0] + 1 == len(grids):
        # keys of another type than the array would make numpy convert the whole array at each look-up
        start, stop = np.searchsorted(sorted_grids, np.array([grids[0], grids[-1] + 1], np.int32))
        return slice(int(start), int(stop))
    starts = np.searchsorted(sorted_grids, grids)
    lengths = np.searchsorted(sorted_grids, grids, side="right") - starts
    before = np.cumsum(lengths) - lengths
    rows: npt.NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return rows
