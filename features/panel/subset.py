"""Cut facts down to what a panel can see and to some of its grids; the same code then runs on a part as on the whole."""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.facts.covariates import Covariates
from features.facts.facts import Cases, Facts, Marks, Spells
from features.facts.places import Indices
from features.undertakings.in_force import Undertakings

Rows = TypeVar("Rows", Cases, Spells, Marks, Undertakings, Covariates)
Linked = TypeVar("Linked", Spells, Marks)
Chosen = npt.NDArray[np.int64] | slice


def trim(facts: Facts, first: int, end: int) -> Facts:
    """Return the facts that as_ofs up to `end` can see and remember: cases known before it, and known, open or changed since `first`."""
    used = facts.cases.known_day >= first
    used[facts.spells.case[facts.spells.end_day >= first]] = True
    for marks in (facts.target, facts.hazards, facts.reopened):
        used[marks.case[marks.known_day >= first]] = True
    used &= facts.cases.known_day < end
    number = (np.cumsum(used) - 1).astype(np.int32)

    def follow(rows: Linked) -> Linked:
        chosen = used[rows.case]
        columns = {column.name: getattr(rows, column.name)[chosen] for column in fields(rows)}
        return replace(rows, **{**columns, "case": number[columns["case"]]})

    return replace(
        facts,
        cases=replace(facts.cases, **{column.name: getattr(facts.cases, column.name)[used] for column in fields(facts.cases)}),
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
