"""Whether a grid can be rated at all: silence is not calm, and neither is a source that stopped.

The pace of a grid's reports is held against its own rate before, over as long a window as that rate needs to tell anything. How reports go
on is taken from the other grids, of which no township counts for much more than usual: whoever floods one would silence the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts, Reporters
from features.facts.places import Places
from features.settings import IntakeSettings
from serving.settings import RankingSettings
from serving.text import Confidence, Withheld

WEEKS = 52
WEEK_DAYS = 7
SPREAD_FROM = 1.5
"""Variance over mean of weekly counts that 52 Poisson weeks exceed in 1 of 100 grids: below it reports count as independent."""

Positions = npt.NDArray[np.int64]

WINDOWS = (42, 91, 182)
"""Days before as_of; the shortest that suffices is looked at."""
BEFORE_DAYS = 364
"""Days before the window that the grid's own rate is taken from."""
FLOOD_FROM, FLOOD_LEAST = 1.5, 3.0
"""Times the usual of a township, and reports besides, beyond which more in a week say nothing about other places."""
FEWER_FROM = 1.64
"""Standard deviations below the own rate that one grid in twenty is by chance."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pace:
    """Reports of each grid over its window, (G,)."""

    expected: Counts
    """By its own rate before and by how the other grids' reports went on; 0 where even the longest window tells nothing."""
    observed: Counts

    def is_known(self) -> npt.NDArray[np.bool_]:
        """Tell for which grids reports suffice to compare."""
        return self.expected > 0

    def is_below(self, spread: Counts) -> npt.NDArray[np.bool_]:
        """Tell which grids reported fewer than usual beyond chance; `spread` is variance over mean of their counts."""
        return self.expected - self.observed > FEWER_FROM * np.sqrt(self.expected * spread)


def read_pace(facts: Facts, as_of: int, least: Counts) -> Pace:
    """Compare reports known before `as_of` (a day number) with the rate before, where at least `least` (G,) are to be expected."""
    cases, size = facts.cases, facts.places.size
    used = (cases.grid >= 0) & facts.is_report
    grid, weight, day = cases.grid[used], cases.weight[used], cases.known_day[used]
    usual = _without_floods(facts.places, grid, weight, as_of - 1 - day.astype(np.int64))

    def reports(first: int, end: int, counted: Counts = weight) -> Counts:
        chosen = (day >= first) & (day < end)
        return np.bincount(grid[chosen], counted[chosen], minlength=size).astype(np.float64)

    pace = Pace(np.zeros(size), np.zeros(size))
    for days in WINDOWS:
        now, before = reports(as_of - days, as_of), reports(as_of - days - BEFORE_DAYS, as_of - days)
        as_usual = reports(as_of - days, as_of, usual)
        others_now, others_before = as_usual.sum() - as_usual, before.sum() - before
        expected = before * np.divide(others_now, others_before, out=np.zeros(size), where=others_before > 0)
        chosen = ~pace.is_known() & (expected >= least)
        pace = Pace(np.where(chosen, expected, pace.expected), np.where(chosen, now, pace.observed))
    return pace


@dataclass(frozen=True)
class Reporting:
    """Coverage of each grid; arrays of shape (G,)."""

    ever: npt.NDArray[np.bool_]
    """True where anything was reported at all."""
    missing: Counts
    """Reports expected since the last one."""
    spread: Counts
    """Dispersion of the grid's weekly counts against Poisson, at least 1: batches make gaps that mean nothing."""


def read_reporting(facts: Facts, as_of: int) -> Reporting:
    """Compare each grid's reports of the 52 weeks up to its last one with those of the others; `as_of` is a day number."""
    cases, size = facts.cases, facts.places.size
    used = (cases.known_day < as_of) & (cases.grid >= 0) & facts.is_report
    grid, weight, day = cases.grid[used], cases.weight[used], cases.known_day[used].astype(np.int64) - facts.first_day
    after_last = np.zeros(size, np.int64)
    np.maximum.at(after_last, grid, day + 1)
    days = max(as_of - facts.first_day, 1)
    usual = _without_floods(facts.places, grid, weight, days - 1 - day)
    until, as_usual = (np.concatenate([[0.0], np.cumsum(np.bincount(day, counted, minlength=days))]) for counted in (weight, usual))
    own = _weekly(grid, weight, after_last[grid] - 1 - day, size)
    others = -np.diff(until[np.maximum(after_last[:, None] - WEEK_DAYS * np.arange(WEEKS + 1), 0)], axis=1) - own
    per_other = _ratio(own.sum(axis=1), others.sum(axis=1))
    return Reporting(
        ever=after_last > 0,
        missing=per_other * (as_usual[-1] - as_usual[after_last]),
        spread=_spread(own, per_other[:, None] * others),
    )


def _without_floods(places: Places, grid: npt.NDArray[np.int32], weight: Counts, age: Positions) -> Counts:
    """Return what each report counts where no township's week may count for more than its 52 weeks before let expect.

    `age` is in days; reports of negative age, which nobody knows yet, count as they are.
    """
    level = places.levels.get("township") or places.levels["district"]
    known = age >= 0
    unit, week = level.member[grid[known]], age[known] // WEEK_DAYS
    weeks = int(week.max(initial=0)) + 1
    counts = np.bincount(unit * np.int64(weeks) + week, weight[known], minlength=len(level.codes) * weeks).reshape(-1, weeks)
    from_week = np.pad(np.cumsum(counts[:, ::-1], axis=1)[:, ::-1], ((0, 0), (0, 1)))
    place = np.arange(weeks)
    before = from_week[:, 1:] - from_week[:, np.minimum(place + 1 + WEEKS, weeks)]
    limit = FLOOD_LEAST + FLOOD_FROM * before / np.maximum(np.minimum(weeks - 1 - place, WEEKS), 1)
    limit[:, -1] = np.inf  # nothing is known of what is usual in the first week
    counted = weight.astype(np.float64)
    counted[known] *= np.minimum(1.0, limit / np.maximum(counts, 1e-9))[unit, week]
    return counted


def _weekly(grid: npt.NDArray[np.int32], weight: Counts, age: Positions, size: int) -> Counts:
    """Count reports per grid and week before the grid's last report, (G, WEEKS), the last week first."""
    recent = age < WEEKS * WEEK_DAYS
    cell = grid[recent] * np.int64(WEEKS) + age[recent] // WEEK_DAYS
    return np.bincount(cell, weight[recent], minlength=size * WEEKS).reshape(size, WEEKS).astype(np.float64)


def _spread(own: Counts, expected: Counts) -> Counts:
    """Return Pearson's variance over mean of the weeks in which anything was expected; 1 where it could be chance."""
    scatter = _ratio((own - expected) ** 2, expected).sum(axis=1)
    spread = scatter / np.maximum((expected > 0).sum(axis=1) - 1, 1)
    return np.where(spread > SPREAD_FROM, spread, 1.0)


def _ratio(part: Counts, whole: Counts) -> Counts:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


SILENT_FROM = 4.7
"""Expected reports from which none at all has a Poisson probability below 1 %."""
DOUBTFUL_FROM = 2.3
"""The same for 10 %."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Coverage:
    """Evidence by the reports of each grid, in the order of the grids."""

    withheld: tuple[Withheld | None, ...]
    """Reason for which a grid is not rated; None where it is."""
    confidence: tuple[Confidence, ...]
    """Whether reports came in as is usual for the grid itself."""

    @property
    def rated(self) -> Flags:
        """(G,) True where a grid is rated."""
        return np.array([reason is None for reason in self.withheld], dtype=np.bool_)


@dataclass(frozen=True)
class RatingRules:
    """Rules of who is rated, from the settings."""

    stale_days: int
    """Days behind from which on a source counts as stopped."""
    retired: tuple[str, ...] = ()
    """Sources that have ended and are not missed."""
    least_households: int = 0

    @classmethod
    def of(cls, ranking: RankingSettings, intake: IntakeSettings) -> Self:
        """Return the rules of the settings."""
        return cls(ranking.stale_source_days, intake.retired_sources, ranking.least_households)


def read_coverage(facts: Facts, as_of: int, rules: RatingRules) -> Coverage:
    """Tell per grid whether what was known before `as_of` (a day number) suffices to rate it, and whether it is large enough to be.

    However long a source is silent, its silence never becomes calm: the grids it reported on are unrated until it reports again or is
    retired by name.
    """
    reporting = read_reporting(facts, as_of)
    stale = _stale(facts.reporters, facts.places.size, as_of, rules)
    silent = reporting.missing >= SILENT_FROM * reporting.spread
    small = (facts.places.households >= 0) & (facts.places.households < rules.least_households)
    withheld = np.select([small, ~reporting.ever, stale, silent], ["few_households", "no_data", "stale_source", "silent"], "")
    pace = read_pace(facts, as_of, SILENT_FROM * reporting.spread)
    low = (reporting.missing >= DOUBTFUL_FROM * reporting.spread) | pace.is_below(reporting.spread)
    confidence = np.select([~pace.is_known(), low], ["unknown", "low"], "high")
    return Coverage(_withheld(withheld.tolist()), tuple(confidence.tolist()))


def _stale(reporters: Reporters, size: int, as_of: int, rules: RatingRules) -> Flags:
    """Return (G,) True where a feed that ever reported on the grid, and is not retired, is behind by more than is allowed."""
    late = [name for name, last in reporters.last_before(as_of).items() if last < as_of - rules.stale_days and name not in rules.retired]
    behind = np.zeros(size, np.bool_)
    for name in late:
        behind |= reporters.since[reporters.feeds.index(name)] < as_of
    return behind


def _withheld(reasons: Iterable[Withheld]) -> tuple[Withheld | None, ...]:
    return tuple(reason or None for reason in reasons)
