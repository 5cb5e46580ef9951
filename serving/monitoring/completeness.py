"""Completeness: which sources and grids were silent where reports were to be expected, and which townships report half as often as before.

Halved reports are found by a cumulative sum (CUSUM).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days, local_days, to_date
from features.display import SOURCE_ZH
from features.facts.facts import Facts
from features.facts.places import Level
from features.schema import Action, Col
from serving.monitoring.drift import Finding
from serving.scoring.coverage import SILENT_FROM, SPREAD_FROM, Coverage
from serving.settings import RankingSettings
from serving.text import Text

YEAR_DAYS, WEEK_DAYS = 364, 7
SILENT_SHARE = 0.03
"""Share of the grids that chance alone may silence before anybody is told; each of them is left unrated anyway."""

Floats = npt.NDArray[np.float64]

WEEK, WEEKS, BEFORE_WEEKS = 7, 20, 52
ALARM = 6.0
"""Sum at which reports count as halved: about 0.8 false alarms in 100 quarters of a township, measured on Poisson counts."""
LEAST_WEEKLY = 32 / 6
"""Fewer expected reports a week cannot tell halving from chance within twenty weeks."""
LEAST_ESCALATIONS = 10.0
"""With fewer expected escalations it cannot be told whether they fell."""


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


def find_silences(records: pl.DataFrame, days: tuple[int, int], tz: ZoneInfo, ranking: RankingSettings) -> list[Silence]:
    """Measure every feed, and every kind of source named in the records, over some days: [first, as_of), as day numbers."""
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED)
    day = local_days(reported[Col.KNOWN_AT].dt.timestamp("us").to_numpy(), tz)
    return list(_silences(reported, day, days, ranking.stale_source_days))


def completeness_findings(silences: list[Silence], coverage: Coverage) -> list[Finding]:
    """Say which sources stopped, and how many grids are silent."""
    found = [_stopped(each) for each in silences if each.silent]
    silent = sum(reason in {"silent", "stale_source"} for reason in coverage.withheld)
    if silent > SILENT_SHARE * len(coverage.withheld):
        words = Text(zh=f"{silent}个网格本应有上报而没有，不作评定", en=f"{silent} grids sent nothing where reports were expected")
        found.append(Finding("completeness", words))
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


@dataclass(frozen=True)
class Halved:
    """One township whose reports halved."""

    area: str
    weeks: int
    """Since how many weeks."""
    expected: float
    """Reports of these weeks by the year before and by how the other townships went on."""
    reported: float


def cumulative_sums(observed: Floats, expected: Floats, spread: Floats) -> Floats:
    """Return the CUSUM of the log-likelihood ratio of half the expected count against all of it, (weeks, areas).

    `spread` (areas,) is how much wider than Poisson an area's weeks scatter; it slows the sum down.
    """
    sums = np.zeros_like(expected)
    last = np.zeros(expected.shape[1])
    for week, (own, due) in enumerate(zip(observed, expected, strict=True)):
        last = np.maximum(0.0, last + (due / 2 - own * np.log(2)) / spread)
        sums[week] = last
    return sums


def find_halved(facts: Facts, as_of: int) -> list[Halved]:
    """Return the townships whose reports by residents are halved now, in the order of their codes."""
    level = facts.places.levels.get("township")
    if level is None or as_of - facts.first_day < WEEK * (WEEKS + BEFORE_WEEKS):
        return []
    return list(_halved(facts, as_of, level))


def halved_findings(halved: list[Halved]) -> list[Finding]:
    """Say of each what is seen, and that it is no success."""
    return [Finding("completeness", _words(each)) for each in halved]


def _halved(facts: Facts, as_of: int, level: Level) -> Iterator[Halved]:
    own = facts.is_report & (facts.cases.self_found != 1)
    reports = _weekly(level, facts.cases.grid[own], facts.cases.known_day[own], facts.cases.weight[own], as_of)
    expected = _expected(reports)
    before = reports[:BEFORE_WEEKS]
    spread = np.maximum(1.0, before.var(axis=0) / np.maximum(before.mean(axis=0), 1e-9))
    sums = cumulative_sums(reports[BEFORE_WEEKS:], expected, spread)
    marks = facts.target
    escalated = _weekly(level, marks.grid, marks.known_day, facts.cases.weight[marks.case], as_of)
    due = _expected(escalated)
    for area in np.flatnonzero((sums[-1] >= ALARM) & (expected.mean(axis=0) >= LEAST_WEEKLY)):
        weeks = WEEKS - int(np.flatnonzero(np.append(0.0, sums[:, area]) == 0)[-1])
        expected_count, came = float(due[-weeks:, area].sum()), float(escalated[-weeks:, area].sum())
        if expected_count >= LEAST_ESCALATIONS and came * np.log(2) < expected_count / 2:  # likelier with half of them than with all
            continue
        since = slice(-weeks, None)
        found, reported = float(expected[since, area].sum()), float(reports[since, area].sum())
        yield Halved(level.codes[area], weeks, found, reported)


def _weekly(level: Level, grid: npt.NDArray[np.integer], day: npt.NDArray[np.integer], weight: Floats, as_of: int) -> Floats:
    """Count by week and area, (BEFORE_WEEKS + WEEKS, areas), the last week ending at as_of."""
    week = WEEKS + BEFORE_WEEKS - 1 - (as_of - 1 - day.astype(np.int64)) // WEEK
    used = (grid >= 0) & (day < as_of) & (week >= 0)
    cell = week[used] * level.size + level.member[grid[used]]
    counts = np.bincount(cell, weight[used], (WEEKS + BEFORE_WEEKS) * level.size)
    return counts.astype(np.float64).reshape(-1, level.size)


def _expected(counts: Floats) -> Floats:
    """Return what the later weeks lead to expect of each area by its share of the year before, (WEEKS, areas)."""
    before, now = counts[:BEFORE_WEEKS].sum(axis=0), counts[BEFORE_WEEKS:]
    others_before, others_now = before.sum() - before, now.sum(axis=1, keepdims=True) - now
    ratio = np.divide(before, others_before, out=np.zeros_like(before), where=others_before > 0)
    return np.asarray(ratio * others_now, np.float64)


def _words(each: Halved) -> Text:
    return Text(
        zh=f"{each.area}近{each.weeks}周群众上报{each.reported:.0f}件，按往常约应有{each.expected:.0f}件，约少一半；"
        "上报减少不等于矛盾减少，请核对上报渠道",
        en=f"residents of {each.area} reported {each.reported:.0f} matters in {each.weeks} weeks, about {each.expected:.0f} were expected; "
        "fewer reports are no fewer troubles: check how they come in",
    )
