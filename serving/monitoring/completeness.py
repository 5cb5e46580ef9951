"""Completeness: which sources and grids were silent where reports were to be expected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days, local_days, to_date
from features.display import SOURCE_ZH
from features.schema import Action, Col
from serving.monitoring.drift import Finding
from serving.scoring.coverage import SILENT_FROM, SPREAD_FROM, Coverage
from serving.settings import Settings
from serving.text import Text

YEAR_DAYS, WEEK_DAYS = 364, 7
SILENT_SHARE = 0.03
"""Share of the grids that chance alone may silence before anybody is told; each of them is left unrated anyway."""


@dataclass(frozen=True)
class Silence:
    """The longest time without a report of one source within a stretch of days."""

    kind: Literal["feed", "source"]
    name: str
    days: int
    """Whole days without a report."""
    since: date
    expected: float
    """Reports that its own year before foretells for those days."""
    silent: bool


def find_silences(records: pl.DataFrame, first: int, as_of: int, settings: Settings) -> list[Silence]:
    """Measure every feed, and every kind of source named in the records, over [first, as_of) (day numbers)."""
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED)
    day = local_days(reported[Col.KNOWN_AT].dt.timestamp("us").to_numpy(), settings.tz)
    return list(_silences(reported, day, (first, as_of), settings.ranking.stale_source_days))


def completeness_findings(silences: list[Silence], coverage: Coverage) -> list[Finding]:
    """Say which sources stopped, and how many grids are silent."""
    found = [_stopped(each) for each in silences if each.silent]
    silent = sum(reason in {"silent", "stale_source"} for reason in coverage.withheld)
    if silent > SILENT_SHARE * len(coverage.withheld):
        said = Text(zh=f"{silent}个网格本应有上报而没有，不作评定", en=f"{silent} grids sent nothing where reports were expected")
        found.append(Finding("completeness", said))
    return found


def _silences(reported: pl.DataFrame, day: Days, window: tuple[int, int], allowed_days: int) -> Iterator[Silence]:
    kinds: tuple[tuple[Literal["feed", "source"], str], ...] = (("feed", Col.FEED), ("source", Col.SOURCE))
    for kind, column in kinds:
        names = reported[column].cast(pl.String)
        for name in names.drop_nulls().unique().sort():
            own = day[(names == name).fill_null(value=False).to_numpy()]
            days, start = _longest_gap(own, *window)
            expected, spread = _foretell(own, start, days)
            silent = days > allowed_days and expected >= SILENT_FROM * spread
            yield Silence(kind, name, days, to_date(start), expected, silent)


def _longest_gap(day: Days, first: int, as_of: int) -> tuple[int, int]:
    """Return how many days the longest gap that reaches into [first, as_of) has, and its first day."""
    earlier = day[day < first]
    before = earlier.max() if len(earlier) else first - 1
    seen = np.unique(np.concatenate([[before], day[(day >= first) & (day < as_of)], [as_of]]))
    gaps = np.diff(seen) - 1
    longest = int(np.argmax(gaps))
    return int(gaps[longest]), int(seen[longest]) + 1


def _foretell(day: Days, start: int, days: int) -> tuple[float, float]:
    """Return the reports that the year before a day foretells for so many days, and how much wider than Poisson its weeks scatter."""
    weeks = min(YEAR_DAYS, start - int(day.min(initial=start))) // WEEK_DAYS
    if weeks < 1:
        return 0.0, 1.0
    age = start - 1 - day[day < start]
    weekly: npt.NDArray[np.int64] = np.bincount(age[age < weeks * WEEK_DAYS] // WEEK_DAYS, minlength=weeks)
    spread = float(weekly.var() / weekly.mean()) if weekly.any() else 1.0
    return float(weekly.mean()) / WEEK_DAYS * days, spread if spread > SPREAD_FROM else 1.0


def _stopped(each: Silence) -> Finding:
    name = SOURCE_ZH.get(each.name, each.name) if each.kind == "source" else each.name
    return Finding(
        "completeness",
        Text(
            zh=f"来源“{name}”自{each.since}起{each.days}天没有上报，按往常约应有{each.expected:.0f}件",
            en=f"{each.kind} {each.name} sent nothing for {each.days} days from {each.since}, about {each.expected:.0f} were expected",
        ),
    )
