"""Undertakings laid on the grids of today, and the exposure that campaigns and visits give to cases: more is found where staff look harder.

A case that was found on a visit during a campaign counts in windows, when it comes and when it is closed, by the ratio of the usual finding
rate of the covered grids to that of the campaign so far; the ratio of an event type of which little is found leans on that of the others.
Only facts known by the day of the case enter, so the weight of a case never changes.

A list sends staff to places, and must not take what they find there for trouble. Where a target says what a visit is worth (`visit_days`),
a case that was found on a visit counts by the days of records over the days that the visits of its grid were worth, in windows and in
labels. A grid that is seldom visited then counts as if it were seen every day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, Days, day_number
from features.eventlog.snapshot import LogSnapshot
from features.facts.crosswalk import last_heirs
from features.facts.facts import Cases, Facts
from features.facts.places import WEIGHT_UNIT, Indices, positions
from features.schema import Col
from features.undertakings.in_force import Undertakings, place_undertakings
from features.undertakings.undertaking import UndertakingKind

Floats = npt.NDArray[np.float64]

BASELINE_DAYS = 365
LEAST_BASELINE_DAYS = 28
"""With fewer days of records before a campaign, what is usual cannot be told and nothing is weighed down."""
PRIOR_FOUND = 2.0
"""Found cases that steady a ratio: that of one event type towards that of the others, and that of the others towards 1."""

WEEK = 7
MEMORY_WEEKS = 52
PRIOR_DAYS = 40.0
"""Days added to both sides of the ratio: a grid that was never visited weighs its first finding about tenfold, not without bound."""


@dataclass(frozen=True)
class _Span:
    """The days of one version of a campaign."""

    start: int
    first: int
    """First day on which it was known and under way."""
    end: int
    baseline_days: int
    """Before the start."""


def found_weights(cases: Cases, first_day: int, undertakings: Undertakings, campaigns: Indices) -> Floats:
    """Return the weight of each case in windows: 1 for all that were not found during a campaign.

    Args:
        cases: ordered by grid.
        first_day: of the log.
        undertakings: laid on the same grids.
        campaigns: positions of the kinds that are campaigns.
    """
    weights = np.ones(len(cases.grid))
    is_campaign = np.isin(undertakings.kind, campaigns)
    found = np.flatnonzero((cases.self_found == 1) & cases.reported)
    if not is_campaign.any() or not len(found):
        return weights
    for rows in _by_version(undertakings, np.flatnonzero(is_campaign)):
        covered = found[np.isin(cases.grid[found], undertakings.grid[rows])]
        _weigh(weights, cases, covered, _span_of(undertakings, rows, first_day))
    return weights


def _by_version(undertakings: Undertakings, rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each version of each campaign, by start: what was found in one is no baseline of the next until it is weighed."""
    keys = np.stack([undertakings.start_day[rows], undertakings.number[rows], undertakings.known_day[rows]])
    _, version = np.unique(keys, axis=1, return_inverse=True)
    yield from (rows[version.ravel() == which] for which in range(int(version.max()) + 1))


def _span_of(undertakings: Undertakings, rows: npt.NDArray[np.int64], first_day: int) -> _Span:
    start, end = int(undertakings.start_day[rows[0]]), int(undertakings.end_day[rows[0]])
    known, until = int(undertakings.known_day[rows[0]]), int(undertakings.until_day[rows[0]])
    return _Span(start, max(start, known), min(end, until), min(start - first_day, BASELINE_DAYS))


def _weigh(weights: Floats, cases: Cases, found: npt.NDArray[np.int64], span: _Span) -> None:
    """Lower the weights of the cases that one version of a campaign covers; all of `found` lie in its grids."""
    days = cases.known_day[found]
    during = found[(days >= span.first) & (days < span.end)]
    before = found[(days >= span.start - span.baseline_days) & (days < span.start)]
    if span.baseline_days < LEAST_BASELINE_DAYS or not len(during):
        return
    during = during[np.argsort(cases.known_day[during], kind="stable")]
    day, event_type = cases.known_day[during] - span.first + 1, cases.event_type[during]
    usual = cases.weight[before] * weights[before] / span.baseline_days
    so_far = _so_far(day, cases.weight[during])
    ratio = np.ones(len(during))
    for each in np.unique(event_type):
        own = event_type == each
        usual_own, so_far_own = usual[cases.event_type[before] == each].sum(), _so_far(day[own], cases.weight[during[own]])
        others = _ratio((usual.sum() - usual_own) * day[own], so_far[own] - so_far_own, 1.0)
        ratio[own] = _ratio(usual_own * day[own], so_far_own, others)
    weights[during] = np.minimum(weights[during], np.round(ratio / WEIGHT_UNIT) * WEIGHT_UNIT)


def _so_far(day: Days, amount: Floats) -> Floats:
    """Return for each case, ordered by day, what was found by the end of its day."""
    return np.asarray(np.cumsum(amount)[np.searchsorted(day, day, side="right") - 1], np.float64)


def _ratio(usual: Floats, so_far: Floats, towards: Floats | float) -> Floats:
    """Return how many cases were to be found for each that was, steadied towards another ratio; never more than 1."""
    return np.minimum((usual + PRIOR_FOUND * towards) / (so_far + PRIOR_FOUND), 1.0)


def with_undertakings(facts: Facts, snapshot: LogSnapshot, zone: str) -> Facts:
    """Return the facts with the undertakings of a snapshot; its grids must be those that are left after the redraw."""
    versions = snapshot.undertakings
    if versions.is_empty():
        return facts
    everywhere = np.arange(facts.places.size, dtype=np.int32)
    kinds, laid = place_undertakings(versions, _grids_of(facts, snapshot), everywhere, zone)
    campaigns = np.array([place for place, (kind, _) in enumerate(kinds) if kind == UndertakingKind.CAMPAIGN], np.int32)
    cases = replace(facts.cases, exposure=found_weights(facts.cases, facts.first_day, laid, campaigns))
    return replace(facts, cases=cases, undertakings=laid, undertaking_kinds=kinds)


def _grids_of(facts: Facts, snapshot: LogSnapshot) -> dict[str, Indices]:
    """Return the positions of the grids that each place covers: a grid itself, the heirs of a redrawn one, or the grids of an area."""
    position = {grid_id: place for place, grid_id in enumerate(facts.places.grid_ids.tolist())}
    covered: dict[str, list[int]] = {grid_id: [place] for grid_id, place in position.items()}
    for old, new, _ in last_heirs(snapshot.crosswalk).iter_rows():
        if new in position:
            covered.setdefault(old, []).append(position[new])
    for grid_id, path in snapshot.grids.select(Col.GRID_ID, Col.PARENT_PATH).iter_rows():
        codes = path.split("/") if path and grid_id in position else []
        for depth in range(1, len(codes) + 1):
            covered.setdefault("/".join(codes[:depth]), []).append(position[grid_id])
    return {place: np.array(grids, np.int32) for place, grids in covered.items()}


def with_visits(facts: Facts, effort: pl.DataFrame, visit_days: float | None) -> Facts:
    """Return the facts with found cases weighed by visits; unchanged where a visit's worth or visits are not known.

    Args:
        facts: on the grids of today.
        effort: grid_id, week and visits.
        visit_days: one visit finds about what arises in so many days.
    """
    if visit_days is None or effort.is_empty():
        return facts
    exposure = facts.cases.exposure * visit_weights(facts.cases, _key_weeks(effort, facts.places.grid_ids), visit_days)
    return replace(facts, cases=replace(facts.cases, exposure=exposure), visit_days=visit_days)


def visit_weights(cases: Cases, weeks: tuple[npt.NDArray[np.int64], Floats], visit_days: float) -> Floats:
    """Return the weight of each case: 1 for all that no visit found, and in grids whose visits nobody wrote down.

    Only weeks that ended by the day of the case enter, so its weight never changes.

    Args:
        cases: of which some were found on visits.
        weeks: what `_key_weeks` returns.
        visit_days: worth of one visit.
    """
    keys, visits = weeks
    weights = np.ones(len(cases.grid))
    found = np.flatnonzero(cases.self_found == 1)
    ended = _key(cases.grid[found], cases.known_day[found] - WEEK)
    first, last = np.searchsorted(keys, ended - WEEK * MEMORY_WEEKS, side="right"), np.searchsorted(keys, ended, side="right")
    total = np.concatenate([[0.0], np.cumsum(visits)])
    days, worth = WEEK * (last - first), visit_days * (total[last] - total[first])
    weights[found] = np.round((days + PRIOR_DAYS) / (worth + PRIOR_DAYS) / WEIGHT_UNIT) * WEIGHT_UNIT
    return weights


def _key_weeks(effort: pl.DataFrame, grid_ids: npt.NDArray[np.str_]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return grid and first day of each week as one number, ascending, and the visits of that week."""
    grid = positions(grid_ids, effort[Col.GRID_ID].to_numpy())
    known = grid >= 0
    first_day = np.array([day_number(week) for week in effort["week"].to_list()], np.int32)
    keys = _key(grid[known], first_day[known])
    order = np.argsort(keys, kind="stable")
    return keys[order], effort["visits"].cast(pl.Float64).to_numpy()[known][order]


def _key(grid: npt.NDArray[np.integer], day: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return grid.astype(np.int64) * NEVER + day
