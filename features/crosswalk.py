"""Redrawn grids: what happened in an old grid is shared out over the grids that took its place."""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from features.facts import Facts, Marks, Spells, Weights
from features.places import WEIGHT_UNIT, Indices, positions

Rows = TypeVar("Rows", Spells, Marks)


def split(facts: Facts, crosswalk: pl.DataFrame) -> Facts:
    """Give each case of an old grid to its successors, weighted by their shares.

    Args:
        facts: with the old grids among their places.
        crosswalk: columns old, new, share; the shares of one old grid sum to 1.
    """
    old = _positions(facts, crosswalk["old"])
    order = np.argsort(old, kind="stable")
    order = order[old[order] >= 0]
    if not len(order):
        return facts
    old, new = old[order], _positions(facts, crosswalk["new"])[order]
    share = _whole(old, np.round(crosswalk["share"].to_numpy()[order] / WEIGHT_UNIT) * WEIGHT_UNIT)
    first_heir = np.searchsorted(old, facts.cases.grid)
    heirs = np.searchsorted(old, facts.cases.grid, side="right") - first_heir
    case, nth = _repeat(np.maximum(heirs, 1))
    heir = np.where(heirs[case] > 0, first_heir[case] + nth, 0)
    grid = np.where(heirs[case] > 0, new[heir], facts.cases.grid[case]).astype(np.int32)
    weight = facts.cases.weight[case] * np.where(heirs[case] > 0, share[heir], 1.0)
    by_grid = np.lexsort((facts.cases.known_day[case], grid))
    columns = {column.name: getattr(facts.cases, column.name)[case][by_grid] for column in fields(facts.cases)}
    cases = replace(facts.cases, **{**columns, "grid": grid[by_grid], "weight": weight[by_grid]})
    new_row = np.empty(len(case), np.int32)
    new_row[by_grid] = np.arange(len(case), dtype=np.int32)
    first_copy = np.searchsorted(case, np.arange(len(facts.cases.grid) + 1))

    def follow(rows: Rows) -> Rows:
        row, copy = _repeat(first_copy[rows.case + 1] - first_copy[rows.case])
        moved = new_row[first_copy[rows.case[row]] + copy]
        by_case = np.argsort(moved, kind="stable")
        copied = {column.name: getattr(rows, column.name)[row][by_case] for column in fields(rows)}
        return replace(rows, **{**copied, "case": moved[by_case], "grid": cases.grid[moved[by_case]]})

    return replace(facts, cases=cases, spells=follow(facts.spells), target=follow(facts.target), reopened=follow(facts.reopened))


def _whole(old: Indices, share: Weights) -> Weights:
    """Give what rounding left of each old grid (sorted) to its last successor.

    >>> _whole(np.array([0, 0, 3]), np.array([0.25, 0.5, 1.0]))
    array([0.25, 0.75, 1.  ])
    """
    last = np.append(np.flatnonzero(np.diff(old)), len(old) - 1)
    whole = share.copy()
    whole[last] += 1 - np.bincount(old, share)[old[last]]
    return whole


def _positions(facts: Facts, grid_ids: pl.Series) -> Indices:
    return positions(facts.places.grid_ids, grid_ids.cast(pl.String).to_numpy().astype(np.str_))


def _repeat(copies: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each copy of each row the row and which copy it is.

    >>> _repeat(np.array([2, 0, 1]))
    (array([0, 0, 2]), array([0, 1, 0]))
    """
    row = np.repeat(np.arange(len(copies)), copies)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
