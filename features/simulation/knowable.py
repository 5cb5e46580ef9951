"""The knowable expectation: the oracle without the disputes that are in no log, the most that a reader of the log could say.

Recorded cases are known by category, age and repeat; early action, which no log shows, only by how long a case has lasted. Disputes that
are not in the log, because nobody has recorded them yet or nobody ever will, are known by their rates: place, category, season, drift and
the share that is recorded. Calls that hint at an unrecorded dispute are not read.
"""

import numpy as np
import numpy.typing as npt

from features.simulation.disputes import recorded_within
from features.simulation.district import District
from features.simulation.oracle import WEEK, Outlook, by_kind, of_new_disputes, outlook_of, passing_terms, reopenings, sum_by_day
from features.simulation.world import weekly_rates

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

OLDEST_WEEKS = 36
"""Unrecorded disputes older than this are too few to matter."""


def knowable_escalations(district: District, horizon_days: int) -> Floats:
    """Return (P, D) escalations of the target to expect in [as_of, as_of + horizon_days), by what the log could tell."""
    passing = passing_terms(district, outlook_of(district, horizon_days), horizon_days)
    by_hazard = _by_hazard(district, horizon_days, counted_at=district.records.overdue_at)
    return np.asarray(by_hazard + passing + reopenings(district, horizon_days))


def knowable_by_hazard(district: District, horizon_days: int) -> Floats:
    """Return (P, D) disputes to expect to be handed up or end in harm, by what the log could tell."""
    return _by_hazard(district, horizon_days, counted_at=np.full(len(district.disputes), np.inf))


def _by_hazard(district: District, horizon_days: int, counted_at: Floats) -> Floats:
    outlook, contagion = outlook_of(district, horizon_days), district.world.preset.contagion
    brought_on = 1 / (1 - contagion.own - contagion.ring)
    fresh = of_new_disputes(district, by_kind(district, outlook, horizon_days))
    hidden = _of_unrecorded(district, outlook, horizon_days)
    return _of_recorded(district, outlook, horizon_days, counted_at) + brought_on * (fresh + hidden)


def _of_recorded(district: District, outlook: Outlook, horizon_days: int, counted_at: Floats) -> Floats:
    """Return those of open disputes that were recorded before as_of and not counted before it."""
    disputes, fates, records = district.disputes, district.fates, district.records
    kinds, repeat = len(district.stream.kinds), fates.repeat.astype(np.int64)
    early = district.ageing.mediation.early_share
    share = np.array([1 - early, early])
    alive = _over_early_action(outlook.lasts * outlook.unharmed, kinds, share)
    escalated = _over_early_action(outlook.escalated, kinds, share)
    rises = escalated[..., horizon_days:] - escalated[..., :-horizon_days]
    chance = rises / np.maximum(alive[..., : rises.shape[-1]], np.finfo(float).tiny)

    def value(row: Ints, day: Ints) -> Floats:
        return np.asarray(chance[disputes.kind[row], repeat[row], (day - disputes.time[row]).astype(np.int64)])

    known = np.where(records.recorded, records.reported_at, np.inf)
    return sum_by_day(district, known, np.minimum.reduce([fates.lasts_until, fates.escalates_at, counted_at]), value)


def _over_early_action(values: Floats, kinds: int, share: Floats) -> Floats:
    """Average (C, A) over early action, to (K, 2, A) by category and repeat."""
    return np.asarray(np.einsum("kera,e->kra", values.reshape(kinds, 2, 2, -1), share))


def _of_unrecorded(district: District, outlook: Outlook, horizon_days: int) -> Floats:
    """Return those of disputes that began before as_of and are not in the log."""
    world, weeks = district.world, district.world.span.weeks
    never, late = _rises_by_week(district, outlook, horizon_days)
    seen = world.levels.seen[:, None]
    per_day = weekly_rates(district.stream, world, world.levels.drift) / WEEK
    total = np.zeros((world.ground.parts, weeks))
    for lag in range(min(OLDEST_WEEKS, weeks)):
        began = per_day[:, : weeks - lag]
        total[:, lag:] += (1 - seen) * (began @ never[:, lag]) + seen * (began @ late[:, lag])
    return total[:, np.arange(world.span.days) // WEEK]


def _rises_by_week(district: District, outlook: Outlook, horizon_days: int) -> tuple[Floats, Floats]:
    """Return (K, OLDEST_WEEKS) escalations within the horizon per daily rate of disputes that began so many weeks ago.

    The first is of disputes that nobody ever records, the second of those that are recorded later than as_of.
    """
    kinds, days = len(district.stream.kinds), OLDEST_WEEKS * WEEK
    early, repeat = district.ageing.mediation.early_share, district.fates.repeat.mean()
    share = np.outer([1 - early, early], [1 - repeat, repeat]).ravel()
    escalated = np.einsum("kca,c->ka", outlook.escalated.reshape(kinds, 4, -1), share)
    rises = np.zeros((kinds, days))
    known = min(days, escalated.shape[1] - horizon_days)
    rises[:, :known] = escalated[:, horizon_days : horizon_days + known] - escalated[:, :known]
    unrecorded = 1 - recorded_within(district.world.preset.recording, np.arange(days, dtype=np.float64) + 0.5)
    by_week = (kinds, OLDEST_WEEKS, WEEK)
    return rises.reshape(by_week).sum(axis=2), (rises * unrecorded).reshape(by_week).sum(axis=2)
