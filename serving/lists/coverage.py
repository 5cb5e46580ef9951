"""Whether a grid can be rated at all: silence is not calm, and neither is a source that stopped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import midnight
from features.facts import Facts
from features.schema import Action, Col
from serving.lists.reporting import read_reporting
from serving.words import Confidence, Withheld

SILENT_FROM = 4.7
"""Expected reports from which none at all has a Poisson probability below 1 %."""
DOUBTFUL_FROM = 2.3
"""The same for 10 %."""
YEAR_DAYS = 365

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
    reporting = read_reporting(facts, as_of)
    stale = _stale(records, facts.places.grid_ids, midnight(as_of, zone), timedelta(days=stale_after_days))
    silent = reporting.missing >= SILENT_FROM * reporting.spread
    withheld = np.select([~reporting.ever, stale, silent], ["no_data", "stale_source", "silent"], "")
    unknown, low = reporting.recent < SILENT_FROM * reporting.spread, reporting.missing >= DOUBTFUL_FROM * reporting.spread
    confidence = np.select([unknown, low], ["unknown", "low"], "high")
    return Coverage(_withheld(withheld.tolist()), tuple(confidence.tolist()))


def _stale(records: pl.DataFrame, grid_ids: npt.NDArray[np.str_], now: datetime, allowance: timedelta) -> Flags:
    """Return (G,) True where a feed that reported on the grid within a year is behind by more than the allowance."""
    reported = records.lazy().filter(pl.col(Col.ACTION) == Action.REPORTED, pl.col(Col.KNOWN_AT) < now)
    late = reported.group_by(Col.FEED).agg(pl.col(Col.KNOWN_AT).max()).filter(pl.col(Col.KNOWN_AT) < now - allowance)
    recent = reported.filter(pl.col(Col.KNOWN_AT) >= now - timedelta(days=YEAR_DAYS))
    behind = recent.join(late, on=Col.FEED, how="semi").select(pl.col(Col.GRID_ID).unique().cast(pl.String)).collect()
    return np.isin(grid_ids, behind[Col.GRID_ID].to_numpy().astype(np.str_))


def _withheld(reasons: Iterable[Withheld]) -> tuple[Withheld | None, ...]:
    return tuple(reason or None for reason in reasons)
