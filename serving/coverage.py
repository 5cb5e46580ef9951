"""Whether a grid can be rated at all: silence is not calm, and neither is a source that stopped.

Reports that should have come are measured against what the other grids reported on the same days, so weekends, holidays and quiet seasons
silence nobody. Petitions are left out, as everywhere but in their own columns.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import midnight
from features.facts import Facts
from features.panel.channels import without_petitions
from features.schema import Action, Col
from serving.words import Confidence, Withheld

SILENT_FROM = 4.7
"""Expected reports from which none at all has a Poisson probability below 1 %."""
DOUBTFUL_FROM = 2.3
"""The same for 10 %."""
YEAR_DAYS = 365
RECENT_DAYS = 42

Counts = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Coverage:
    """What the reports of each grid allow to be said, in the order of the grids."""

    withheld: tuple[Withheld | None, ...]
    """Why a grid is not rated; None where it is."""
    confidence: tuple[Confidence, ...]

    @property
    def rated(self) -> Flags:
        """(G,) True where a grid is rated."""
        return np.array([reason is None for reason in self.withheld], dtype=np.bool_)


def read_coverage(records: pl.DataFrame, facts: Facts, as_of: int, stale_after_days: int, zone: ZoneInfo) -> Coverage:
    """Tell per grid whether what was known before `as_of` (a day number) suffices to rate it.

    `records` are those of the feeds that the facts were read from.
    """
    reports = _reports(facts, as_of)
    now = midnight(as_of, zone)
    stale = _stale(records, facts.places.grid_ids, now, timedelta(days=stale_after_days))
    withheld = np.select([reports.last_day < 0, stale, reports.missing >= SILENT_FROM], ["no_data", "stale_source", "silent"], "")
    confidence = np.select([reports.recent < SILENT_FROM, reports.missing >= DOUBTFUL_FROM], ["unknown", "low"], "high")
    return Coverage(_withheld(withheld.tolist()), tuple(confidence.tolist()))


@dataclass(frozen=True)
class _Reports:
    last_day: npt.NDArray[np.int64]
    """(G,) day of the last report, counted from the first day of the log; -1 where there was none."""
    missing: Counts
    """(G,) reports expected since then."""
    recent: Counts
    """(G,) reports expected over `RECENT_DAYS` days."""


def _reports(facts: Facts, as_of: int) -> _Reports:
    cases, size = facts.cases, facts.places.size
    used = (cases.known_day < as_of) & (cases.grid >= 0) & without_petitions(facts)
    grid, weight, day = cases.grid[used], cases.weight[used], cases.known_day[used].astype(np.int64) - facts.first_day
    last_day = np.full(size, -1, np.int64)
    np.maximum.at(last_day, grid, day)
    until = np.concatenate([[0.0], np.cumsum(np.bincount(day, weight, minlength=max(as_of - facts.first_day, 1)))])
    window_start = np.maximum(last_day + 1 - YEAR_DAYS, 0)
    own = np.bincount(grid, weight * (day >= window_start[grid]), minlength=size).astype(np.float64)
    everyone = until[last_day + 1] - until[window_start]
    recent_start = max(len(until) - 1 - RECENT_DAYS, 0)
    return _Reports(
        last_day,
        missing=_ratio(own, everyone - own) * (until[-1] - until[last_day + 1]),
        recent=_ratio(own, everyone) * (until[-1] - until[recent_start]),
    )


def _ratio(part: Counts, whole: Counts) -> Counts:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _stale(records: pl.DataFrame, grid_ids: npt.NDArray[np.str_], now: datetime, allowance: timedelta) -> Flags:
    """Return (G,) True where a feed that reported on the grid within a year is behind by more than the allowance."""
    reported = records.lazy().filter(pl.col(Col.ACTION) == Action.REPORTED, pl.col(Col.KNOWN_AT) < now)
    late = reported.group_by(Col.FEED).agg(pl.col(Col.KNOWN_AT).max()).filter(pl.col(Col.KNOWN_AT) < now - allowance)
    recent = reported.filter(pl.col(Col.KNOWN_AT) >= now - timedelta(days=YEAR_DAYS))
    behind = recent.join(late, on=Col.FEED, how="semi").select(pl.col(Col.GRID_ID).unique().cast(pl.String)).collect()
    return np.isin(grid_ids, behind[Col.GRID_ID].to_numpy().astype(np.str_))


def _withheld(reasons: Iterable[Withheld]) -> tuple[Withheld | None, ...]:
    return tuple(reason or None for reason in reasons)
