"""When and where matters arise: a Poisson process in each part and week, and matters that bring on further ones.

The calendar of a category is a clock of its own that runs fast on busy days and slow on quiet ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import to_date
from features.settings import CalendarSettings
from features.simulation.dispute_numbers import Contagion
from features.simulation.ground import Ground
from features.simulation.preset import Rhythm
from features.workdays import days_to_spring_festival, workdays

FIRST_HOUR, LAST_HOUR = 7.0, 22.0

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SUMMER = frozenset({"neighbor", "property_mgmt", "environment"})
WAGES = "labor_wage"
JULY = 196
"""Day of the year on which the sine is highest."""


@dataclass(frozen=True)
class Clock:
    """Clock of each category: (K, days + 1), from 0 to the number of days."""

    run: Floats

    @property
    def days(self) -> int:
        """Number of days."""
        return int(self.run.shape[1]) - 1

    def read(self, kind: Ints, time: Floats) -> Floats:
        """Return what the clock of a kind shows at a time in days from the start."""
        return np.interp(kind * self.days + time, self._when, self._shows) - kind * self.days

    def find(self, kind: Ints, shown: Floats) -> Floats:
        """Return the time at which the clock of a kind shows this; what lies beyond the end is not defined."""
        return np.interp(kind * self.days + shown, self._shows, self._when) - kind * self.days

    @property
    def _starts(self) -> Floats:
        return self.days * np.arange(len(self.run), dtype=np.float64)[:, None]

    @property
    def _when(self) -> Floats:
        return np.ravel(self._starts + np.arange(self.days + 1))

    @property
    def _shows(self) -> Floats:
        return np.ravel(self._starts + self.run)

    def by_week(self) -> Floats:
        """Return how far each clock runs in each week, (K, W); the last one may be short."""
        ends = np.append(np.arange(0, self.days, 7), self.days)
        return np.diff(self.run[:, ends], axis=1)


def make_clock(kinds: Sequence[str], first_day: int, days: int, rhythm: Rhythm, requests: bool) -> Clock:
    """Set the clocks of some categories, as requests or as disputes, from a day number on."""
    numbers = np.arange(first_day, first_day + days, dtype=np.int32)
    to_festival = days_to_spring_festival(numbers)
    usual = _day_factors(numbers, to_festival, rhythm, requests)
    year_day = np.array([to_date(int(day)).timetuple().tm_yday for day in numbers])
    summer = 1 + rhythm.summer_swing * np.cos(2 * np.pi * (year_day - JULY) / 365.25)
    wages = np.where((to_festival > 0) & (to_festival <= rhythm.wage_days), rhythm.wage_factor, 1.0)
    factors = np.stack([usual * (summer if kind in SUMMER else 1) * (wages if kind == WAGES else 1) for kind in kinds])
    run = np.cumsum(factors / factors.mean(axis=1, keepdims=True), axis=1)
    return Clock(np.column_stack([np.zeros(len(kinds)), run]))


def _day_factors(numbers: npt.NDArray[np.int32], to_festival: Floats, rhythm: Rhythm, requests: bool) -> Floats:
    """Return the factor of each day: workday or day off, National Day week, Spring Festival and the rebound after it."""
    workday, off, holiday = (
        (1.0, rhythm.weekend_requests, rhythm.holiday_requests)
        if requests
        else (rhythm.workday_disputes, rhythm.weekend_disputes, rhythm.holiday_disputes)
    )
    dates = [to_date(int(day)) for day in numbers]
    at_work = workdays(int(numbers[0]), int(numbers[-1]) + 1, CalendarSettings())
    national = np.array([day.month == 10 and day.day <= 7 for day in dates])
    festival = (to_festival <= 0) & (to_festival > -7)
    rebound = (to_festival <= -8) & (to_festival >= -20)
    base = np.where(festival, rhythm.festival_factor, np.where(national, holiday, np.where(at_work, workday, off)))
    return base * np.where(rebound, rhythm.rebound_factor, 1.0)


@dataclass(frozen=True)
class Arrivals:
    """Matters in order of time; arrays of equal length."""

    part: Ints
    kind: Ints
    """Category, as a position."""
    time: Floats
    """Days from the start of the simulation."""

    def __len__(self) -> int:
        return len(self.part)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Arrivals":
        """Return some of them, perhaps more than once."""
        return Arrivals(self.part[rows], self.kind[rows], self.time[rows])


def arise(weekly: Floats, clock: Clock, ground: Ground, contagion: Contagion | None, rng: np.random.Generator) -> Arrivals:
    """Draw matters.

    Args:
        weekly: (P, W, K) expected matters in each part, week and category, without those that others bring on.
        clock: of the categories; within a week matters follow it, and so does contagion.
        ground: which parts are adjacent.
        contagion: None where none is brought on.
        rng: decides.
    """
    fresh = _draw(weekly, clock, rng)
    found = [fresh]
    while contagion and len(fresh):
        fresh = _bring_on(fresh, clock, ground, contagion, rng)
        found.append(fresh)
    part, kind, time = (np.concatenate([getattr(some, name) for some in found]) for name in ("part", "kind", "time"))
    time = np.floor(time) + rng.uniform(FIRST_HOUR, LAST_HOUR, len(time)) / 24
    return Arrivals(part, kind, time).take(np.argsort(time, kind="stable"))


def _draw(weekly: Floats, clock: Clock, rng: np.random.Generator) -> Arrivals:
    """Draw a Poisson number in all, and throw each onto the cells in proportion, which is the same as drawing each cell."""
    upto = np.cumsum(weekly.ravel())
    thrown = np.sort(rng.uniform(0, upto[-1], rng.poisson(upto[-1])))
    part, week, kind = np.unravel_index(np.searchsorted(upto, thrown, side="right"), weekly.shape)
    begin = clock.run[kind, 7 * week]
    end = clock.run[kind, np.minimum(7 * week + 7, clock.days)]
    return Arrivals(part, kind, clock.find(kind, begin + (end - begin) * rng.random(len(part))))


def _bring_on(parents: Arrivals, clock: Clock, ground: Ground, contagion: Contagion, rng: np.random.Generator) -> Arrivals:
    """Draw what a generation brings on: some in the same part, some in an adjacent one."""
    own = np.repeat(np.arange(len(parents)), rng.poisson(contagion.own, len(parents)))
    ring = np.repeat(np.arange(len(parents)), rng.poisson(contagion.ring, len(parents)))
    parent = np.concatenate([own, ring])
    part = np.concatenate([parents.part[own], _adjacent_part(parents.part[ring], ground, rng)])
    kind = parents.kind[parent]
    shown = clock.read(kind, parents.time[parent]) + rng.exponential(contagion.decay_days, len(parent))
    within = shown < clock.days
    return Arrivals(part[within], kind[within], clock.find(kind[within], shown[within]))


def _adjacent_part(part: Ints, ground: Ground, rng: np.random.Generator) -> Ints:
    first, count = ground.adjacent.indptr[part], np.diff(ground.adjacent.indptr)[part]
    return np.asarray(ground.adjacent.indices[first + rng.integers(count)], np.int64)
