"""Labels: how many escalations followed an as_of, and whether that is known already."""

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.facts import Codes, Facts
from features.panel.case_rows import CaseRows
from features.panel.counters import Edges, Increments, count

Counts = npt.NDArray[np.float32]
"""(T, G): one number per as_of and grid."""
Floats = npt.NDArray[np.float64]

SURGE_QUANTILE = 0.9
SURGE_LEAST = 2
"""A surge is at least so many, however quiet the grid: one escalation alone is chance."""
SURGE_MEMORY_DAYS = 364
ROUNDING = 1e-9
"""Keeps a percentile that is a whole number but for rounding from becoming the one below."""


def count_labels(facts: Facts, as_ofs: Days, horizon_days: int, known_before: int | None = None) -> Counts:
    """Count the escalations per as_of and grid that occurred in [as_of, as_of + horizon_days).

    With `known_before` only what was known before that day counts, as a fit on that day would have seen it.
    Returns: (T, G); whole numbers, except where a grid was redrawn and its cases are shared out.
    """
    days = facts.target.occurred_day
    if known_before is not None:
        days = np.where(facts.target.known_day < known_before, days, NEVER)
    return _count_between(facts, days, as_ofs, as_ofs + horizon_days)


def case_outcomes(facts: Facts, rows: CaseRows, as_ofs: Days, horizon_days: int, known_before: int | None = None) -> Codes:
    """Tell what became of each case within [as_of, as_of + horizon_days): 0, or how it escalated first (R,).

    With `known_before` only what was known before that day counts, as a fit on that day would have seen it.
    """
    marks = facts.hazards
    order = np.lexsort((marks.occurred_day, marks.case))
    occurred = _key(marks.case, marks.occurred_day)[order]
    start = as_ofs[rows.as_of].astype(np.int64)
    place = np.searchsorted(occurred, _key(rows.case, start))
    within = place < np.searchsorted(occurred, _key(rows.case, start + horizon_days))
    mark = order[np.minimum(place, len(order) - 1)] if len(order) else place
    known = within if known_before is None else within & (_taken(marks.known_day, mark) < known_before)
    return np.where(known, _taken(marks.outcome, mark), 0).astype(np.int16)


def _key(case: npt.NDArray[np.integer], day: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Order pairs of case and day by one number."""
    return case.astype(np.int64) * (2 * NEVER) + day


def _taken(values: npt.NDArray[np.integer], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.integer]:
    return values[rows] if len(values) else np.zeros(len(rows), np.int64)


def ripe(as_ofs: Days, horizon_days: int, delay_allowance_days: int, known_through_day: int) -> npt.NDArray[np.bool_]:
    """Tell for which as_ofs the label is final; where it is not, it is unknown and never a zero.

    >>> ripe(np.array([0, 7], np.int32), horizon_days=14, delay_allowance_days=7, known_through_day=21)
    array([ True, False])
    """
    return as_ofs + horizon_days + delay_allowance_days <= known_through_day


def surge_thresholds(facts: Facts, as_ofs: Days, horizon_days: int) -> Floats:
    """Return the count from which a horizon is a surge: at least 2, and above the grid's own 90th percentile.

    The percentile is that of the grid's horizons of the year before as_of, end to end, counted by what was known by then; a younger log
    has fewer of them. Returns: (T, G).
    """
    backward = horizon_days * np.arange(1 + max(1, SURGE_MEMORY_DAYS // horizon_days), dtype=np.int32)
    edges = Edges.over((as_ofs[:, None] - backward).ravel())
    until = _count_until(facts, facts.target.known_day, edges)
    whole = np.maximum(1, (as_ofs[:, None] - backward[1:] >= facts.first_day).sum(axis=1))
    own = (-np.diff(until[edges.at(as_of - backward[: known + 1])], axis=0) for as_of, known in zip(as_ofs, whole, strict=True))
    usual = np.array([np.quantile(counts, SURGE_QUANTILE, axis=0) for counts in own], np.float64)
    return np.asarray(np.maximum(SURGE_LEAST, np.floor(usual + ROUNDING) + 1), np.float64)


def _count_between(facts: Facts, days: Days, starts: Days, ends: Days) -> Counts:
    edges = Edges.over(np.concatenate([starts, ends]))
    until = _count_until(facts, days, edges)
    return np.asarray(until[edges.at(ends)] - until[edges.at(starts)], np.float32)


def _count_until(facts: Facts, days: Days, edges: Edges) -> Floats:
    """Count what lies before each edge, (edges, G)."""
    case = facts.target.case
    marks = Increments(1, np.zeros(len(case), np.int16), facts.cases.grid[case], days, facts.weights_of(facts.target))
    return np.asarray(count(marks, edges, facts.places.size)[0], np.float64)
