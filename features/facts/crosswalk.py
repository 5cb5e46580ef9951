"""Redrawn grids: what happened in an old grid is shared out over the grids that took its place."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days
from features.facts.arrays import sort_order
from features.facts.facts import Facts, Marks, Spells, Weights
from features.facts.places import WEIGHT_UNIT, Indices, positions

Rows = TypeVar("Rows", Spells, Marks)


def split(facts: Facts, crosswalk: pl.DataFrame) -> Facts:
    """Give each case of a grid that was redrawn after it happened to the successors, weighted by their shares.

    A grid may keep its code and give a part away: what happened there before that day is shared out, what happened later is not.

    Args:
        facts: with the old grids among their places.
        crosswalk: columns old, new, share, at; the shares of one old grid on one day sum to 1.
    """
    states = _States.of(facts, crosswalk)
    if not len(states.old):
        return facts
    case, copies, grid, weight = _share_out(facts, states)
    by_grid = sort_order(grid, facts.cases.known_day[case])
    row = case[by_grid]
    columns = {column.name: getattr(facts.cases, column.name)[row] for column in fields(facts.cases)}
    cases = replace(facts.cases, **{**columns, "grid": grid[by_grid], "weight": weight[by_grid]})
    new_row = np.empty(len(case), np.int32)
    new_row[by_grid] = np.arange(len(case), dtype=np.int32)
    first_copy = np.append(0, np.cumsum(copies))

    def follow(rows: Rows) -> Rows:
        row, copy = _repeat(first_copy[rows.case + 1] - first_copy[rows.case])
        moved = new_row[first_copy[rows.case[row]] + copy]
        by_case = np.argsort(moved, kind="stable")
        copied = {column.name: getattr(rows, column.name)[row][by_case] for column in fields(rows)}
        return replace(rows, **{**copied, "case": moved[by_case], "grid": cases.grid[moved[by_case]]})

    marks = {name: follow(getattr(facts, name)) for name in ("target", "hazards", "reopened", "further")}
    moved = replace(facts, cases=cases, spells=follow(facts.spells), **marks)
    inherited = facts.places.valid_from.copy()
    np.minimum.at(inherited, states.new, facts.places.valid_from[states.grid])
    places = replace(facts.places, valid_from=inherited, redrawn_day=_redrawn(facts, crosswalk))
    return _without(replace(moved, places=places), states.closed)


def _share_out(facts: Facts, states: "_States") -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Indices, Weights]:
    """Return the case of each share, into how many shares each case goes, and the grid and the weight of each share."""
    share = _whole(states.old, np.round(states.share / WEIGHT_UNIT) * WEIGHT_UNIT)
    state = states.of_cases(facts)
    size = int(max(states.old.max(), state.max(initial=-1))) + 1
    first_heir = np.append(np.searchsorted(states.old, np.arange(size)), 0)[state]  # a case whose grid stands has state -1: the last one
    heirs = np.append(np.bincount(states.old, minlength=size), 0)[state]
    copies = np.maximum(heirs, 1)
    case, nth = _repeat(copies)
    shared = np.flatnonzero(heirs[case])
    heir = first_heir[case[shared]] + nth[shared]
    grid, weight = facts.cases.grid[case], facts.cases.weight[case]
    grid[shared] = states.new[heir]
    weight[shared] *= share[heir]
    return case, copies, grid, weight


def closed_grids(crosswalk: pl.DataFrame) -> pl.DataFrame:
    """Return the grids that are no more (old) and the day each was closed (at): redrawn, and not among the successors from that day on."""
    ids = crosswalk.select(pl.col("old", "new").cast(pl.String), "at")
    last = ids.group_by("old", maintain_order=True).agg(pl.col("at").max())
    open_again = ids.join(last.rename({"old": "new", "at": "closed"}), on="new").filter(pl.col("at") >= pl.col("closed"))
    return last.join(open_again, left_on="old", right_on="new", how="anti")


@dataclass(frozen=True)
class _States:
    """Every redrawn grid between two of its redrawings, with the grids of today that hold what happened there and then."""

    old: npt.NDArray[np.int64]
    """State, sorted; one row per state and grid of today."""
    grid: Indices
    """The grid whose state that is."""
    new: Indices
    share: Weights
    first: npt.NDArray[np.int64]
    """(G,) first state of each grid, -1 where it was never redrawn."""
    days: dict[int, Days]
    """By grid: the days on which it was redrawn, in order."""
    closed: Indices
    """Grids that are no more."""

    @classmethod
    def of(cls, facts: Facts, crosswalk: pl.DataFrame) -> "_States":
        position = {grid_id: place for place, grid_id in enumerate(facts.places.grid_ids.tolist())}
        first, days, table = np.full(facts.places.size, -1, np.int64), dict[int, list[int]](), list[tuple[int, int, int, float]]()
        for state, ((old, day), heirs) in enumerate(sorted(heirs_by_day(crosswalk).items())):
            if old in position:
                grid = position[old]
                first[grid] = state if first[grid] < 0 else first[grid]
                days.setdefault(grid, []).append(day)
                table += [(state, grid, position[heir], share) for heir, share in heirs.items() if heir in position]
        states, grids, new_grids, shares = zip(*table, strict=True) if table else ((), (), (), ())
        closed = _positions(facts, closed_grids(crosswalk)["old"])
        arrays = np.array(states, np.int64), np.array(grids, np.int32), np.array(new_grids, np.int32), np.array(shares, np.float64)
        return cls(*arrays, first, {grid: np.array(own, np.int32) for grid, own in days.items()}, closed[closed >= 0])

    def of_cases(self, facts: Facts) -> npt.NDArray[np.int64]:
        """Return the state that the grid of each case was in when it happened; -1 where nothing of it changed since.

        What is said to have happened in a grid that was no more counts as before its end.
        """
        state = np.full(len(facts.cases.grid), -1, np.int64)
        for grid, own in self.days.items():
            rows = slice(*facts.case_offsets[grid : grid + 2])
            passed = np.searchsorted(own, facts.cases.occurred_day[rows], side="right")
            passed = np.minimum(passed, len(own) - 1) if grid in self.closed else passed
            state[rows] = np.where(passed < len(own), self.first[grid] + passed, -1)
        return state


def heirs_by_day(crosswalk: pl.DataFrame) -> dict[tuple[str, int], dict[str, float]]:
    """Follow what happened in each grid before it was redrawn on a day to the grids of today: (grid, day number) -> grid -> share."""
    steps: dict[tuple[str, int], dict[str, float]] = {}
    ids = crosswalk.select(pl.col("old", "new").cast(pl.String), "share", pl.col("at").to_physical())
    for old, new, share, day in ids.iter_rows():
        steps.setdefault((old, day), {})[new] = share
    days: dict[str, list[int]] = {}
    for old, day in sorted(steps):
        days.setdefault(old, []).append(day)
    heirs: dict[tuple[str, int], dict[str, float]] = {}
    for old, day in sorted(steps, key=lambda step: -step[1]):
        parts: dict[str, float] = {}
        for new, share in steps[old, day].items():
            later = next((other for other in days.get(new, ()) if other > day), None)
            for heir, part in ({new: 1.0} if later is None else heirs[new, later]).items():
                parts[heir] = parts.get(heir, 0.0) + share * part
        heirs[old, day] = parts
    return heirs


def last_heirs(crosswalk: pl.DataFrame) -> pl.DataFrame:
    """Return the grids of today that hold what happened in the grids that are no more: old, new, share."""
    closed = set(closed_grids(crosswalk)["old"])
    first: dict[str, dict[str, float]] = {}
    for (old, _), heirs in sorted(heirs_by_day(crosswalk).items()):
        if old in closed:
            first.setdefault(old, heirs)
    rows = [(old, new, share) for old, heirs in first.items() for new, share in heirs.items()]
    return pl.DataFrame(rows, schema={"old": pl.String, "new": pl.String, "share": pl.Float64}, orient="row")


def _redrawn(facts: Facts, crosswalk: pl.DataFrame) -> Days:
    """Return the last day on which each grid got new borders, (G,)."""
    redrawn, new = facts.places.redrawn_day.copy(), _positions(facts, crosswalk["new"])
    np.maximum.at(redrawn, new[new >= 0], crosswalk["at"].to_physical().to_numpy()[new >= 0])
    return redrawn


def _without(facts: Facts, gone: Indices) -> Facts:
    """Take grids without cases out of the places and number the others anew."""
    kept = np.setdiff1d(np.arange(facts.places.size, dtype=np.int32), gone)
    number = np.cumsum(np.isin(np.arange(facts.places.size), kept)).astype(np.int32) - 1
    tables = {name: getattr(facts, name) for name in ("cases", "spells", "target", "hazards", "reopened")}
    return replace(facts, places=facts.places.of(kept), **{name: replace(rows, grid=number[rows.grid]) for name, rows in tables.items()})


def _whole(old: npt.NDArray[np.int64], share: Weights) -> Weights:
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
