"""A block of grids seen at all as_ofs: what feature families ask their questions to.

The usual level of a grid is its own long-run rate, steadied by the areas above it (empirical Bayes, gamma-Poisson): a count over at most
the last 365 days, shrunk towards the rate of the area above, that one towards the next, up to the district. How strongly is estimated by
moments at each as_of from what is known then: the more grids differ beyond chance, the less they are shrunk.
"""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cached_property
from threading import RLock

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from features.days import NEVER
from features.facts.facts import Facts
from features.facts.places import Indices, Level
from features.panel.as_ofs import MEMORY_DAYS, REACH_DAYS, AsOfs, Values
from features.panel.channels import Channel, ChannelSet
from features.panel.counters import Cube, Increments, count, decayed, latest
from features.panel.subset import subset, trim

DECAY_SPAN = 6
"""A decayed count ends after this many time constants, where exp(-6) = 0.25 % is left, or with the memory."""

DECAY_UNIT = 2.0**-24
"""Decay weights are multiples of this, so that sums of them are exact."""

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


def ratio(total: Values, count: Values) -> Values:
    """Divide, NaN where the count is 0."""
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count != 0))


def decay_weights(tau_days: int) -> Values:
    """Return the weight of ages 1, 2, ... days: exp(-age / tau_days), cut after `DECAY_SPAN` time constants or `MEMORY_DAYS`."""
    ages = np.arange(1, min(DECAY_SPAN * tau_days, MEMORY_DAYS) + 1)
    return np.round(np.exp(-ages / tau_days) / DECAY_UNIT) * DECAY_UNIT


class Shared:
    """Values that all blocks of a panel share, computed once: counters of whole areas, usual levels, learned shares."""

    def __init__(self, facts: Facts, when: AsOfs) -> None:
        self.cohort = when.cohort(facts)
        self.facts = trim(facts, int(when.as_ofs[0]) - REACH_DAYS, int(when.as_ofs[-1]))
        self.when = when
        self._lock = RLock()
        self._values: dict[Hashable, Values] = {}
        self._cubes: dict[tuple[str, str], Cube] = {}

    def once(self, key: Hashable, compute: Callable[[Facts, AsOfs], Values]) -> Values:
        """Return compute(facts, when), worked out the first time the key is asked for."""
        with self._lock:
            if key not in self._values:
                self._values[key] = compute(self.facts, self.when)
            return self._values[key]

    def usual(self, channel: Channel, memory_days: int = MEMORY_DAYS) -> Values:
        """Return the usual events per day of every grid, by the last `memory_days`, shape (T, G)."""
        key = ("usual", channel.of.name, channel.index, memory_days)
        return self.once(key, lambda facts, when: usual_rate(facts, when, channel, memory_days))

    def usual_of_cohort(self, channel: Channel) -> Values:
        """Return the usual events per day of the grids that are there, 0 for others, shape (T, G)."""
        return self.once(("cohort's usual", channel.of.name, channel.index), lambda *_: self.usual(channel) * self.cohort)

    def window(self, level: str, channel: Channel, days: int) -> Values:
        """Return (T, areas) sums over [as_of - days, as_of) of all grids of each area."""
        key = (level, channel.of.name, channel.index, days)
        return self.once(key, lambda _, when: when.window(self._cube(level, channel.of), channel.index, days))

    def _cube(self, level: str, channels: ChannelSet) -> Cube:
        key = (level, channels.name)
        if key not in self._cubes:
            members = self.facts.places.levels[level]
            increments = channels.increments(self.facts)
            self._cubes[key] = count(replace(increments, grid=members.member[increments.grid]), self.when.edges, members.size)
        return self._cubes[key]


class Block:
    """Counters of some grids (B of them); every answer has shape (T, B)."""

    def __init__(self, grids: Indices, shared: Shared) -> None:
        self.when = shared.when
        self.shared = shared
        self.grids = grids
        self.facts = subset(shared.facts, grids)
        self._rows_of: dict[str, Increments] = {}
        self._cubes: dict[str, Cube] = {}
        self._states: dict[str, Cube] = {}
        self._values: dict[str, Values] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """(T, B)."""
        return len(self.when.as_ofs), len(self.grids)

    @property
    def observed_days(self) -> Values:
        """(T, 1) days from the first record of the log to as_of, at least 1."""
        return self.when.observed_days(self.facts)

    def usual(self, channel: Channel, memory_days: int = MEMORY_DAYS) -> Values:
        """Return the usual events per day of each grid (`usual_rate`)."""
        return self.shared.usual(channel, memory_days)[:, self.grids]

    def sum_of_others(self, level: str, values: Values) -> Values:
        """Return the sum of (T, G) values over the other grids of the area each grid belongs to; 0 where it belongs to none."""
        members = self.shared.facts.places.levels[level]
        sums = self.shared.once(("sum", level, id(values)), lambda *_: members.sums(values))
        others = sums[:, members.member[self.grids]] - values[:, self.grids]
        return np.where(members.known[self.grids], others, 0.0)

    def once(self, key: str, compute: Callable[["Block"], Values]) -> Values:
        """Return compute(block), worked out the first time the key is asked for."""
        if key not in self._values:
            self._values[key] = compute(self)
        return self._values[key]

    def window(self, channel: Channel, days: int) -> Values:
        """Return sums over [as_of - days, as_of)."""
        return self.when.window(self._cube(channel.of), channel.index, days)

    def level(self, channel: Channel) -> Values:
        """Return sums over all time before as_of: for a state, the number of cases in it."""
        if channel.of.name not in self._states:
            self._states[channel.of.name] = count(self._increments(channel.of), self.when.states, len(self.grids))
        return np.asarray(self._states[channel.of.name][channel.index])

    def days_since(self, channel: Channel) -> Values:
        """Return days from the last increment to as_of (1 for yesterday); NaN where there was none within `MEMORY_DAYS`."""
        last = latest(self._increments(channel.of), channel.index, self.when.states, len(self.grids))
        days = (self.when.as_ofs[:, None] - np.maximum(last, -NEVER // 2)).astype(np.float64)
        return np.where(days <= MEMORY_DAYS, days, np.nan)

    def decayed(self, channel: Channel, tau_days: int) -> Values:
        """Return sums of exp(-age / tau_days), age in days from the increment to as_of, cut after `DECAY_SPAN` time constants."""
        return decayed(self._increments(channel.of), channel.index, self.when.as_ofs, decay_weights(tau_days), len(self.grids))

    def of_neighbours(self, channel: Channel, days: int) -> Values:
        """Return weighted sums over [as_of - days, as_of) of the neighbouring grids."""
        weights = self._neighbours
        beside = self._beside
        return np.asarray((weights @ beside.window(channel, days).T).T)

    def level_of_neighbours(self, channel: Channel) -> Values:
        """Return weighted sums of a state of the neighbouring grids."""
        return np.asarray((self._neighbours @ self._beside.level(channel).T).T)

    def level_of_area(self, level: str, channel: Channel) -> Values:
        """Return the mean of a state over the area's other grids of the cohort; NaN where there is none."""
        key, channels = ("state", channel.of.name, channel.index), channel.of
        whole = self.shared.once(key, lambda facts, when: count(channels.increments(facts), when.states, facts.places.size)[channel.index])
        return ratio(self.sum_of_others(level, whole), self.sum_of_others(level, self.shared.cohort))

    def of_area(self, level: str, channel: Channel, days: int) -> Values:
        """Return the mean over [as_of - days, as_of) of the area's other grids of the cohort; NaN where there is none."""
        return ratio(self.in_area(level, channel, days) - self.window(channel, days), self.sum_of_others(level, self.shared.cohort))

    def in_area(self, level: str, channel: Channel, days: int) -> Values:
        """Return sums over [as_of - days, as_of) of the whole area each grid belongs to, the grid included."""
        return self.shared.window(level, channel, days)[:, self.shared.facts.places.levels[level].member[self.grids]]

    def _cube(self, channels: ChannelSet) -> Cube:
        if channels.name not in self._cubes:
            self._cubes[channels.name] = count(self._increments(channels), self.when.edges, len(self.grids))
        return self._cubes[channels.name]

    def _increments(self, channels: ChannelSet) -> Increments:
        if channels.name not in self._rows_of:
            self._rows_of[channels.name] = channels.increments(self.facts)
        return self._rows_of[channels.name]

    @cached_property
    def _rows(self) -> csr_array:
        weights = self.shared.facts.places.neighbours
        if weights is None:
            raise ValueError("neighbour features need neighbours")
        return weights[self.grids]

    @cached_property
    def _beside(self) -> "Block":
        """The neighbours of this block's grids, wherever they lie."""
        return Block(np.unique(self._rows.indices).astype(np.int32), self.shared)

    @cached_property
    def _neighbours(self) -> csr_array:
        return self._rows[:, self._beside.grids]
