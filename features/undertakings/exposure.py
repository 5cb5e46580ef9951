"""Exposure of what staff found: while a campaign runs they look harder, and more is found where no more is wrong.

A case that was found on a visit during a campaign counts in windows, when it comes and when it is closed, by the ratio of the usual finding
rate of the covered grids to that of the campaign so far; the ratio of an event type of which little is found leans on that of the others.
Only facts known by the day of the case enter, so the weight of a case never changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.facts import Cases
from features.facts.places import WEIGHT_UNIT, Indices
from features.undertakings.in_force import Undertakings

Floats = npt.NDArray[np.float64]

BASELINE_DAYS = 365
LEAST_BASELINE_DAYS = 28
"""With fewer days of records before a campaign, what is usual cannot be told and nothing is weighed down."""
PRIOR_FOUND = 2.0
"""Found cases that steady a ratio: that of one event type towards that of the others, and that of the others towards 1."""


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
