"""Cut facts down to some grids: the panel is built one block of grids at a time, with the same code as for all of them."""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.facts import Facts, Marks, Spells
from features.places import Indices

Rows = TypeVar("Rows", Spells, Marks)


def restrict(facts: Facts, grids: Indices) -> Facts:
    """Return the facts of these grids (sorted positions), renumbered from 0; the vocabulary stays whole."""
    chosen = _ranges(facts.cases.grid, grids)
    old = facts.cases.grid[chosen]
    columns = {column.name: getattr(facts.cases, column.name)[chosen] for column in fields(facts.cases)}
    cases = replace(facts.cases, **{**columns, "grid": np.searchsorted(grids, old).astype(np.int32)})
    return replace(
        facts,
        cases=cases,
        spells=_of_cases(facts.spells, chosen),
        target=_of_cases(facts.target, chosen),
        reopened=_of_cases(facts.reopened, chosen),
    )


def _of_cases(rows: Rows, cases: npt.NDArray[np.int64] | slice) -> Rows:
    if isinstance(cases, slice):
        first, last = np.searchsorted(rows.case, [cases.start, cases.stop])
        chosen: npt.NDArray[np.int64] | slice = slice(int(first), int(last))
        renumbered = rows.case[chosen] - np.int32(cases.start)
    else:
        chosen = _ranges(rows.case, cases)
        renumbered = np.searchsorted(cases, rows.case[chosen]).astype(np.int32)
    return replace(rows, **{**{column.name: getattr(rows, column.name)[chosen] for column in fields(rows)}, "case": renumbered})


def _ranges(sorted_keys: npt.NDArray[np.int32], wanted: npt.NDArray[np.integer]) -> npt.NDArray[np.int64] | slice:
    """Return the rows whose key is wanted; a slice (a view, no copy) where the wanted keys are consecutive."""
    if len(wanted) and wanted[-1] - wanted[0] + 1 == len(wanted):
        first, last = np.searchsorted(sorted_keys, [wanted[0], wanted[-1] + 1])
        return slice(int(first), int(last))
    starts = np.searchsorted(sorted_keys, wanted)
    lengths = np.searchsorted(sorted_keys, wanted, side="right") - starts
    before = np.cumsum(lengths) - lengths
    rows: npt.NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return rows
