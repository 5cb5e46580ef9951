"""Exposure of what staff found: while a campaign runs they look harder, and more is found where no more is wrong.

A case that was found on a visit during a campaign counts in windows by the ratio of the usual finding rate of the covered grids to that
of the campaign so far. Only facts known by the day of the case enter, so the weight of a case never changes.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.facts.facts import Cases
from features.facts.places import WEIGHT_UNIT, Indices
from features.undertakings.in_force import Undertakings

Floats = npt.NDArray[np.float64]

BASELINE_DAYS = 365
LEAST_BASELINE_DAYS = 28
"""With fewer days of records before a campaign, what is usual cannot be told and nothing is weighed down."""
PRIOR_FOUND = 5.0
"""Found cases that are added to both sides of the ratio, so that a few of them move no weight far."""


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
        for event_type in np.unique(cases.event_type[found]):
            chosen = found[cases.event_type[found] == event_type]
            covered = chosen[np.isin(cases.grid[chosen], undertakings.grid[rows])]
            _weigh(weights, cases, covered, first_day, undertakings, rows)
    return weights


def _by_version(undertakings: Undertakings, rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each version of each campaign, by start: what was found in one is no baseline of the next until it is weighed."""
    keys = np.stack([undertakings.start_day[rows], undertakings.number[rows], undertakings.known_day[rows]])
    _, version = np.unique(keys, axis=1, return_inverse=True)
    yield from (rows[version.ravel() == which] for which in range(int(version.max()) + 1))


def _weigh(
    weights: Floats, cases: Cases, found: npt.NDArray[np.int64], first_day: int, undertakings: Undertakings, rows: npt.NDArray[np.int64]
) -> None:
    """Lower the weights of the cases that one version of a campaign covers; all of `found` lie in its grids."""
    start, end = int(undertakings.start_day[rows[0]]), int(undertakings.end_day[rows[0]])
    known, until = int(undertakings.known_day[rows[0]]), int(undertakings.until_day[rows[0]])
    baseline_days = min(start - first_day, BASELINE_DAYS)
    days, amount = cases.known_day[found], cases.weight[found]
    during = np.flatnonzero((days >= max(start, known)) & (days < min(end, until)))
    if baseline_days < LEAST_BASELINE_DAYS or not len(during):
        return
    before = (days >= start - baseline_days) & (days < start)
    usual = float((amount * weights[found])[before].sum()) / baseline_days
    order = during[np.argsort(days[during], kind="stable")]
    last_of_day = np.searchsorted(days[order], days[order], side="right") - 1
    so_far = np.cumsum(amount[order])[last_of_day]
    expected = usual * (days[order] - max(start, known) + 1)
    ratio = np.minimum((expected + PRIOR_FOUND) / (so_far + PRIOR_FOUND), 1.0)
    weights[found[order]] = np.minimum(weights[found[order]], np.round(ratio / WEIGHT_UNIT) * WEIGHT_UNIT)
