"""Halved reports: townships whose residents seem to report half as often as before, by a cumulative sum (CUSUM).

Fewer reports are no sign of calm: somebody may have asked for fewer. Each week's reports are held against the township's own year before
and against how reports went on elsewhere, with halving as the alternative. Where escalations fell as well, less happened.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts
from features.facts.places import Level
from serving.monitoring.drift import Finding
from serving.text import Text

Floats = npt.NDArray[np.float64]

WEEK, WEEKS, BEFORE_WEEKS = 7, 20, 52
ALARM = 6.0
"""Sum at which reports count as halved: about 0.8 false alarms in 100 quarters of a township, measured on Poisson counts."""
LEAST_WEEKLY = 32 / 6
"""Fewer expected reports a week cannot tell halving from chance within twenty weeks."""
LEAST_ESCALATIONS = 10.0
"""With fewer expected escalations it cannot be told whether they fell."""


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
        told, came = float(due[-weeks:, area].sum()), float(escalated[-weeks:, area].sum())
        if told >= LEAST_ESCALATIONS and came * np.log(2) < told / 2:  # likelier with half of them than with all
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
