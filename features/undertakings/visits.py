"""Visits as exposure: staff find more where they go more often, and a list that sends them there must not take that for trouble.

Where a target says what a visit is worth (`visit_days`), a case that was found on a visit counts by the days of records over the days that
the visits of its grid were worth, in windows and in labels. A grid that is seldom visited then counts as if it were seen every day.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, day_number
from features.facts.facts import Cases, Facts
from features.facts.places import WEIGHT_UNIT, positions
from features.schema import Col

Floats = npt.NDArray[np.float64]

WEEK = 7
MEMORY_WEEKS = 52
PRIOR_DAYS = 40.0
"""Days added to both sides of the ratio: a grid that was never visited weighs its first finding about tenfold, not without bound."""


def with_visits(facts: Facts, effort: pl.DataFrame, visit_days: float | None) -> Facts:
    """Return the facts with found cases weighed by visits; unchanged where a visit's worth or visits are not known.

    Args:
        facts: on the grids of today.
        effort: grid_id, week and visits.
        visit_days: one visit finds about what arises in so many days.
    """
    if visit_days is None or effort.is_empty():
        return facts
    exposure = facts.cases.exposure * visit_weights(facts.cases, _key_weeks(effort, facts.places.grid_ids), visit_days)
    return replace(facts, cases=replace(facts.cases, exposure=exposure), visit_days=visit_days)


def visit_weights(cases: Cases, weeks: tuple[npt.NDArray[np.int64], Floats], visit_days: float) -> Floats:
    """Return the weight of each case: 1 for all that no visit found, and in grids whose visits nobody wrote down.

    Only weeks that ended by the day of the case enter, so its weight never changes.

    Args:
        cases: of which some were found on visits.
        weeks: what `_key_weeks` returns.
        visit_days: worth of one visit.
    """
    keys, visits = weeks
    weights = np.ones(len(cases.grid))
    found = np.flatnonzero(cases.self_found == 1)
    ended = _key(cases.grid[found], cases.known_day[found] - WEEK)
    first, last = np.searchsorted(keys, ended - WEEK * MEMORY_WEEKS, side="right"), np.searchsorted(keys, ended, side="right")
    total = np.concatenate([[0.0], np.cumsum(visits)])
    days, worth = WEEK * (last - first), visit_days * (total[last] - total[first])
    weights[found] = np.round((days + PRIOR_DAYS) / (worth + PRIOR_DAYS) / WEIGHT_UNIT) * WEIGHT_UNIT
    return weights


def _key_weeks(effort: pl.DataFrame, grid_ids: npt.NDArray[np.str_]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return grid and first day of each week as one number, ascending, and the visits of that week."""
    grid = positions(grid_ids, effort[Col.GRID_ID].to_numpy())
    known = grid >= 0
    first_day = np.array([day_number(week) for week in effort["week"].to_list()], np.int32)
    keys = _key(grid[known], first_day[known])
    order = np.argsort(keys, kind="stable")
    return keys[order], effort["visits"].cast(pl.Float64).to_numpy()[known][order]


def _key(grid: npt.NDArray[np.integer], day: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return grid.astype(np.int64) * NEVER + day
