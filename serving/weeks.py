"""Cases per calendar week, masked: fixed weeks of what became known, so that no two lists differ by a single case."""

from collections.abc import Sequence

import numpy as np

from features.facts import Facts
from serving.words import SMALLEST_SHOWN_COUNT

WEEKS = 52
WEEK_DAYS = 7
MONDAY = 4
"""Day number of a Monday (1970-01-05)."""


def weekly_cases(facts: Facts, as_of: int) -> list[tuple[int | None, ...]]:
    """Count per grid the cases that became known in each full week before `as_of` (a day number), the last week last.

    Returns: one tuple per grid of at most `WEEKS` counts, back to the first full week of the log; None stands for one or two.
    """
    end = _monday(as_of)
    start = max(end - WEEKS * WEEK_DAYS, _monday(facts.first_day + WEEK_DAYS - 1))
    weeks = max((end - start) // WEEK_DAYS, 0)
    cases = facts.cases
    used = (cases.known_day >= start) & (cases.known_day < end) & (cases.grid >= 0) & facts.lawful
    cell = cases.grid[used].astype(np.int64) * weeks + (cases.known_day[used] - start) // WEEK_DAYS
    counts = np.bincount(cell, cases.weight[used], minlength=facts.places.size * weeks).reshape(facts.places.size, weeks)
    return [_mask(row) for row in counts.tolist()]


def _monday(day: int) -> int:
    """Return the Monday on or before a day."""
    return day - (day - MONDAY) % WEEK_DAYS


def _mask(counts: Sequence[float]) -> tuple[int | None, ...]:
    return tuple(None if 0 < count < SMALLEST_SHOWN_COUNT else round(count) for count in counts)
