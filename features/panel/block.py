"""A block of grids seen at all as_ofs: what feature families ask their questions to."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from features.days import NEVER, Days
from features.facts import Facts
from features.panel.channels import Channel, ChannelSet
from features.panel.cube import Cube, Edges, count, latest
from features.panel.restrict import restrict
from features.places import Indices

Values = npt.NDArray[np.float64]

LOOKBACKS = (7, 14, 28, 90, 182, 365)
"""Window lengths, in days, that counters can answer."""

MEMORY_DAYS = 365
"""What happened longer ago is forgotten; only what is still open counts at any age."""

DECAY_SPAN = 6
"""A decayed count ends after this many time constants, where exp(-6) = 0.25 % is left."""

DECAY_UNIT = 2.0**-24
"""Decay weights are multiples of this, so that sums of them are exact."""


def ratio(total: Values, count: Values) -> Values:
    """Divide, NaN where the count is 0."""
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count != 0)


@dataclass(frozen=True)
class When:
    """The as_ofs of a panel (T,), sorted, the horizon behind each, and the edges its windows need."""

    as_ofs: Days
    horizon_days: int

    @cached_property
    def edges(self) -> Edges:
        """Edges at each as_of and each window's start."""
        return Edges.over(np.concatenate([self.as_ofs, *(self.as_ofs - days for days in LOOKBACKS)]))

    @cached_property
    def now(self) -> npt.NDArray[np.int64]:
        """Positions of the as_ofs among the edges."""
        return self.edges.at(self.as_ofs)

    def window(self, cube: Cube, index: int, days: int) -> Values:
        """Return (T, B) sums of one channel over [as_of - days, as_of)."""
        channel = cube[index]
        return np.asarray(channel[self.now] - channel[self.edges.at(self.as_ofs - np.int32(days))])


class Areas:
    """Counters of whole communities, townships and the district, made once for all blocks of a panel."""

    def __init__(self, facts: Facts, when: When) -> None:
        self._facts = facts
        self._when = when
        self._cubes: dict[tuple[str, str], Cube] = {}

    def window(self, level: str, channel: Channel, days: int) -> Values:
        """Return (T, areas) sums over [as_of - days, as_of) of all grids of each area."""
        key = (level, channel.of.name)
        if key not in self._cubes:
            members = self._facts.places.levels[level]
            increments = channel.of.increments(self._facts)
            self._cubes[key] = count(replace(increments, grid=members.member[increments.grid]), self._when.edges, members.size)
        return self._when.window(self._cubes[key], channel.index, days)

    def sizes(self, level: str) -> npt.NDArray[np.int64]:
        """Return the number of grids in each area."""
        members = self._facts.places.levels[level]
        return np.bincount(members.member, minlength=members.size)


class Block:
    """Counters of some grids (B of them); every answer has shape (T, B)."""

    def __init__(self, facts: Facts, grids: Indices, when: When, areas: Areas) -> None:
        self.when = when
        self.grids = grids
        self._all = facts
        self._areas = areas
        self.facts = restrict(facts, grids)
        self._cubes: dict[str, Cube] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """(T, B)."""
        return len(self.when.as_ofs), len(self.grids)

    @property
    def observed_days(self) -> Values:
        """(T, 1) days from the first record of the log to as_of, at least 1."""
        return np.maximum(self.when.as_ofs - self.facts.first_day, 1).astype(np.float64)[:, None]

    def window(self, channel: Channel, days: int) -> Values:
        """Return sums over [as_of - days, as_of)."""
        return self.when.window(self._cube(channel.of), channel.index, days)

    def level(self, channel: Channel) -> Values:
        """Return sums over all time before as_of: for a state, the number of cases in it."""
        return np.asarray(self._cube(channel.of)[channel.index][self.when.now])

    def days_since(self, channel: Channel) -> Values:
        """Return days from the last increment to as_of (1 for yesterday); NaN where there was none within `MEMORY_DAYS`."""
        last = latest(channel.of.increments(self.facts), self.when.edges, len(self.grids))[channel.index][self.when.now]
        days = (self.when.as_ofs[:, None] - np.maximum(last, -int(NEVER) // 2)).astype(np.float64)
        return np.where(days <= MEMORY_DAYS, days, np.nan)

    def decayed(self, channel: Channel, tau_days: int) -> Values:
        """Return sums of exp(-age / tau_days), age in days from the increment to as_of, cut after `DECAY_SPAN` time constants."""
        increments = channel.of.increments(self.facts)
        span = DECAY_SPAN * tau_days
        first = int(self.when.as_ofs[0]) - span
        days = Edges.over(np.arange(first, int(self.when.as_ofs[-1]) + 1, dtype=np.int32))
        daily = np.diff(count(increments, days, len(self.grids))[channel.index], axis=0)
        ages = np.arange(span, 0, -1)
        weights = np.round(np.exp(-ages / tau_days) / DECAY_UNIT) * DECAY_UNIT
        starts = self.when.as_ofs - span - first
        columns = (starts[:, None] + np.arange(span)).ravel()
        rows = np.repeat(np.arange(len(starts)), span)
        return np.asarray(csr_array((np.tile(weights, len(starts)), (rows, columns)), shape=(len(starts), len(daily))) @ daily)

    def of_neighbours(self, channel: Channel, days: int) -> Values:
        """Return weighted sums over [as_of - days, as_of) of the neighbouring grids."""
        weights = self._neighbours
        beside = self._beside
        return np.asarray((weights @ beside.window(channel, days).T).T)

    def of_area(self, level: str, channel: Channel, days: int) -> Values:
        """Return the mean over [as_of - days, as_of) of the area's other grids; NaN where the grid is alone in its area."""
        member = self._all.places.levels[level].member[self.grids]
        others = (self._areas.sizes(level)[member] - 1).astype(np.float64)
        rest = self.in_area(level, channel, days) - self.window(channel, days)
        return ratio(rest, np.broadcast_to(others, self.shape))

    def in_area(self, level: str, channel: Channel, days: int) -> Values:
        """Return sums over [as_of - days, as_of) of the whole area each grid belongs to, the grid included."""
        return self._areas.window(level, channel, days)[:, self._all.places.levels[level].member[self.grids]]

    def _cube(self, channels: ChannelSet) -> Cube:
        if channels.name not in self._cubes:
            self._cubes[channels.name] = count(channels.increments(self.facts), self.when.edges, len(self.grids))
        return self._cubes[channels.name]

    @cached_property
    def _rows(self) -> csr_array:
        weights = self._all.places.neighbours
        if weights is None:
            raise ValueError("neighbour features need neighbours")
        return weights[self.grids]

    @cached_property
    def _beside(self) -> "Block":
        """The neighbours of this block's grids, wherever they lie."""
        return Block(self._all, np.unique(self._rows.indices).astype(np.int32), self.when, self._areas)

    @cached_property
    def _neighbours(self) -> csr_array:
        return self._rows[:, self._beside.grids]
