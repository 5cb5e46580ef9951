"""Redrawn grids: what happened in an old grid is shared out over the grids that took its place."""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days
from features.errors import UsageError
from features.facts.facts import Facts, Marks, Spells, Weights
from features.facts.places import WEIGHT_UNIT, Indices, positions

Rows = TypeVar("Rows", Spells, Marks)


def split(facts: Facts, crosswalk: pl.DataFrame) -> Facts:
    """Give each case of an old grid to its successors, weighted by their shares.

    Args:
        facts: with the old grids among their places.
        crosswalk: columns old, new, share, at; the shares of one old grid sum to 1.
    """
    heirs_of = last_heirs(crosswalk)
    old = _positions(facts, heirs_of["old"])
    order = np.argsort(old, kind="stable")
    order = order[old[order] >= 0]
    if not len(order):
        return facts
    old, new = old[order], _positions(facts, heirs_of["new"])[order]
    share = _whole(old, np.round(heirs_of["share"].to_numpy()[order] / WEIGHT_UNIT) * WEIGHT_UNIT)
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

    moved = replace(facts, cases=cases, spells=follow(facts.spells), target=follow(facts.target), reopened=follow(facts.reopened))
    inherited = facts.places.valid_from.copy()
    np.minimum.at(inherited, new, facts.places.valid_from[old])
    places = replace(facts.places, valid_from=inherited, redrawn_day=_redrawn(facts, crosswalk))
    return _without(replace(moved, places=places), old)


def _redrawn(facts: Facts, crosswalk: pl.DataFrame) -> Days:
    """Return the last day on which each grid got new borders, (G,)."""
    redrawn, new = facts.places.redrawn_day.copy(), _positions(facts, crosswalk["new"])
    np.maximum.at(redrawn, new[new >= 0], crosswalk["at"].to_physical().to_numpy()[new >= 0])
    return redrawn


def last_heirs(crosswalk: pl.DataFrame) -> pl.DataFrame:
    """Follow grids that were redrawn more than once to the grids of today: old, new, share.

    Raises:
        UsageError: a grid leads back to itself.
    """
    shares = crosswalk.select(pl.col("old", "new").cast(pl.String), pl.col("share").cast(pl.Float64))
    steps = shares
    for _ in range(len(shares)):
        onward = steps.join(shares, left_on="new", right_on="old", how="left", suffix="_next")
        if onward["new_next"].null_count() == len(onward):
            return steps.group_by("old", "new", maintain_order=True).agg(pl.col("share").sum())
        share = pl.col("share") * pl.col("share_next").fill_null(1.0)
        steps = onward.select("old", pl.coalesce("new_next", "new").alias("new"), share.alias("share"))
    if len(shares):
        raise UsageError("the crosswalk must lead from old grids to new ones, found a circle. Mend it and ingest it again.")
    return shares


def _without(facts: Facts, gone: Indices) -> Facts:
    """Take grids without cases out of the places and number the others anew."""
    kept = np.setdiff1d(np.arange(facts.places.size, dtype=np.int32), gone)
    number = np.cumsum(np.isin(np.arange(facts.places.size), kept)).astype(np.int32) - 1
    tables = {name: getattr(facts, name) for name in ("cases", "spells", "target", "reopened")}
    return replace(facts, places=facts.places.of(kept), **{name: replace(rows, grid=number[rows.grid]) for name, rows in tables.items()})


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
