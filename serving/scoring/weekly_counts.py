"""Cases and escalations per calendar week, masked: fixed weeks, so that no two lists differ by a single case."""

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.facts import Facts, Weights
from features.facts.places import Indices
from serving.disclosure import hide_small_rows

WEEKS = 52
WEEK_DAYS = 7
MONDAY = 4
"""Day number of a Monday (1970-01-05)."""


def weekly_cases(facts: Facts, as_of: int) -> list[tuple[int | None, ...]]:
    """Count per grid the cases that became known in each full week before `as_of` (a day number), the last week last.

    Returns: one tuple per grid of at most `WEEKS` counts, back to the first full week of the log; None stands for one or two.
    """
    cases = facts.cases
    counted = facts.is_report & (cases.grid >= 0)
    counts = _count(facts, as_of, cases.grid[counted], cases.known_day[counted], cases.weight[counted])
    return hide_small_rows(counts)


def weekly_escalations(facts: Facts, as_of: int) -> dict[str, Weights]:
    """Count per grid_id the escalations that became known in each of those weeks; not masked, for sums over areas."""
    marks = facts.target
    placed = marks.grid >= 0
    counts = _count(facts, as_of, marks.grid[placed], marks.known_day[placed], facts.cases.weight[marks.case[placed]])
    return dict(zip(facts.places.grid_ids.tolist(), counts, strict=True))


def _count(facts: Facts, as_of: int, grid: Indices, day: Days, weight: Weights) -> npt.NDArray[np.float64]:
    """Sum weights per grid and full week before `as_of`."""
    end = _monday(as_of)
    start = max(end - WEEKS * WEEK_DAYS, _monday(facts.first_day + WEEK_DAYS - 1))
    weeks = max((end - start) // WEEK_DAYS, 0)
    used = (day >= start) & (day < end)
    cell = grid[used].astype(np.int64) * weeks + (day[used] - start) // WEEK_DAYS
    counts = np.bincount(cell, weight[used], minlength=facts.places.size * weeks).astype(np.float64)
    return counts.reshape(facts.places.size, weeks)


def _monday(day: int) -> int:
    """Return the Monday on or before a day."""
    return day - (day - MONDAY) % WEEK_DAYS
