"""A grid's usual level: its own long-run rate, steadied by the areas above it (empirical Bayes, gamma-Poisson).

A rate is a count over at most the last 365 days, shrunk towards the rate of the area above, that one towards the next, up to the
district. How strongly is estimated by moments at each as_of from what is known then: the more grids differ beyond chance, the less they
are shrunk.
"""

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts
from features.facts.places import Indices, Level
from features.panel.as_ofs import MEMORY_DAYS, AsOfs, Values
from features.panel.channels import Channel
from features.panel.counters import decayed

RATE_FLOOR = 1e-6
"""Events per grid and day that even a silent district is taken to have."""

MOMENT_UNIT = 2.0**-20

AREA_STRENGTH_DAYS = (1.0, 36_500.0)
GRID_STRENGTH_DAYS = (1.0, 3_650.0)
"""Bounds of the prior's worth in days of observation."""


def usual_rate(facts: Facts, when: AsOfs, channel: Channel, memory_days: int = MEMORY_DAYS) -> Values:
    """Return the expected events per day of each grid, shape (T, G); only grids that were there before an as_of have a say in it.

    `memory_days` is how far back events count, at most `MEMORY_DAYS`.
    """
    cohort = when.cohort(facts)
    increments = channel.of.increments(facts)
    counts = decayed(increments, channel.index, when.as_ofs, np.ones(memory_days), facts.places.size)
    days = np.minimum(when.observed_days(facts), memory_days)
    grids = facts.places.size
    rate: Values = counts.sum(axis=1, keepdims=True) / (days * np.maximum(cohort.sum(axis=1, keepdims=True), 1)) + RATE_FLOOR
    member_of_rate: Indices = np.zeros(grids, np.int32)
    for name in ("township", "community"):
        level = facts.places.levels.get(name)
        if level is not None and 1 < level.size < grids:
            prior = rate[:, member_of_rate[_first_members(level)]]
            rate = _shrink(level.sums(counts), days * level.sums(cohort), prior, days, AREA_STRENGTH_DAYS)
            member_of_rate = level.member
    return _shrink(counts, days * cohort, rate[:, member_of_rate], days, GRID_STRENGTH_DAYS)


def _shrink(counts: Values, exposure: Values, prior: Values, days: Values, bounds: tuple[float, float]) -> Values:
    """Return (count + k prior) / (exposure + k), the strength k in days of one grid by moments over all places of an as_of.

    With rates ~ Gamma(mean m, worth k days), Var(n) = m E + (m E)^2 / (k m), hence k = days x sum(m E) / sum((n - m E)^2 - m E).
    """
    mean = prior * exposure
    beyond_chance = _exact_sum((counts - mean) ** 2 - mean)
    strength = np.clip(days * _exact_sum(mean) / np.maximum(beyond_chance, 1e-9), *bounds)
    return np.asarray((counts + strength * prior) / (exposure + strength))


def _exact_sum(values: Values) -> Values:
    """Sum over places, rounded to multiples of `MOMENT_UNIT` first, so that neither their order nor places yet unseen change a bit."""
    return np.asarray((np.round(values / MOMENT_UNIT) * MOMENT_UNIT).sum(axis=1, keepdims=True))


def _first_members(level: Level) -> npt.NDArray[np.int64]:
    return np.asarray(np.unique(level.member, return_index=True)[1])
