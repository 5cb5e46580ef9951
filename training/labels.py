"""Labels: how many escalations followed an as_of, and whether that is known already."""

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts import Facts
from features.panel.cube import Edges, Increments, count

Counts = npt.NDArray[np.float32]
"""(T, G): one number per as_of and grid."""
Floats = npt.NDArray[np.float64]

SURGE_DAYS = 56
SURGE_FACTOR = 1.5
SURGE_LEAST = 2
ROUNDING = 1e-9
"""Keeps a threshold that is a whole number but for rounding from becoming the next one."""


def count_labels(facts: Facts, as_ofs: Days, horizon_days: int, known_before: int | None = None) -> Counts:
    """Count the escalations per as_of and grid that occurred in [as_of, as_of + horizon_days).

    With `known_before` only what was known before that day counts, as a fit on that day would have seen it.
    Returns: (T, G); whole numbers, except where a grid was redrawn and its cases are shared out.
    """
    days = facts.target.occurred_day
    if known_before is not None:
        days = np.where(facts.target.known_day < known_before, days, NEVER)
    return _count_between(facts, days, as_ofs, as_ofs + horizon_days)


def ripe(as_ofs: Days, horizon_days: int, delay_allowance_days: int, known_through_day: int) -> npt.NDArray[np.bool_]:
    """Tell for which as_ofs the label is final; where it is not, it is unknown and never a zero.

    >>> ripe(np.array([0, 7], np.int32), horizon_days=14, delay_allowance_days=7, known_through_day=21)
    array([ True, False])
    """
    return as_ofs + horizon_days + delay_allowance_days <= known_through_day


def surge_thresholds(facts: Facts, as_ofs: Days, horizon_days: int) -> Floats:
    """Return the count from which a horizon is a surge: at least 2, and 1.5 times the grid's last 8 weeks scaled to the horizon.

    Only what was known before as_of counts, and a log that began less than 8 weeks ago only has the days since. Returns: (T, G).
    """
    days = np.int32(SURGE_DAYS)
    counted = _count_between(facts, facts.target.known_day, as_ofs - days, as_ofs).astype(np.float64)
    observed = np.clip(as_ofs - facts.first_day, 1, days)[:, None]
    return np.ceil(np.maximum(SURGE_LEAST, SURGE_FACTOR * horizon_days * counted / observed) - ROUNDING)


def _count_between(facts: Facts, days: Days, starts: Days, ends: Days) -> Counts:
    case = facts.target.case
    one = np.zeros(len(case), np.int16)
    marks = Increments(1, one, facts.cases.grid[case], days, facts.cases.weight[case])
    edges = Edges.over(np.concatenate([starts, ends]))
    counted = count(marks, edges, facts.places.size)[0]
    return np.asarray(counted[edges.at(ends)] - counted[edges.at(starts)], np.float32)
