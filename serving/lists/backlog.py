"""Open cases by age, masked: how long matters of a grid have been waiting."""

import numpy as np

from features.facts import Facts
from serving.lists.weeks import mask

AGES = (7, 30, 60)
"""Days up to which each age group but the last reaches; a case of 7 days stands in the first."""


def open_cases(facts: Facts, as_of: int) -> list[tuple[int | None, ...]]:
    """Count per grid the cases known to be open before `as_of` (a day number) by age, the youngest first; petitions are left out.

    Returns: one tuple of `len(AGES) + 1` counts per grid; None stands for one or two.
    """
    spells = facts.spells
    waiting = (spells.start_day < as_of) & (spells.end_day >= as_of) & (spells.grid >= 0) & ~facts.is_petition[spells.case]
    groups = len(AGES) + 1
    age = np.searchsorted(AGES, as_of - spells.start_day[waiting])
    cell = spells.grid[waiting].astype(np.int64) * groups + age
    weight = facts.cases.weight[spells.case[waiting]]
    counts = np.bincount(cell, weight, minlength=facts.places.size * groups).reshape(facts.places.size, groups)
    return [mask(row) for row in counts.tolist()]
