"""Oracle: the escalations to expect in each part on each day, given the true state of the district that morning.

It knows which disputes exist, their category, age and early action, which are recorded, and all rates; not how long a dispute will
last, whether mediation fails, or what comes tomorrow. Escalations are those of the target: the first of handing up, harm and a passed
term while a case is open, and a reopening.

The knowable expectation is the oracle without the disputes that are in no log, the most that a reader of the log could say. Recorded cases
are known by category, age and repeat; early action, which no log shows, only by how long a case has lasted. Disputes that are not in the
log, because nobody has recorded them yet or nobody ever will, are known by their rates: place, category, season, drift and the share that
is recorded. Calls that hint at an unrecorded dispute are not read.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulation.disputes import PAPER_DAYS, Ageing, recorded_within, relapse_rate
from features.simulation.district import District, weekly_rates

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WEEK = 7
FORGOTTEN = 6
"""After so many mean delays nothing more is brought on."""

OLDEST_WEEKS = 36
"""Unrecorded disputes older than this are too few to matter."""


@dataclass(frozen=True)
class Outlook:
    """Course of disputes of each class (category, early action, repeat) by age in whole days: (C, A) arrays."""

    lasts: Floats
    """Chance to last longer."""
    unharmed: Floats
    """Chance of no escalation up to that age, if it lasts."""
    escalated: Floats
    """Chance of having escalated by that age."""


def expected_escalations(district: District, horizon_days: int) -> Floats:
    """Return (P, D) escalations of the target to expect in [as_of, as_of + horizon_days), as_of being each simulated day."""
    passing = passing_terms(district, outlook_of(district, horizon_days), horizon_days)
    return expected_by_hazard(district, horizon_days) + passing + reopenings(district, horizon_days)


def expected_by_hazard(district: District, horizon_days: int) -> Floats:
    """Return (P, D) disputes to expect to be handed up or end in harm."""
    outlook = outlook_of(district, horizon_days)
    fresh = by_kind(district, outlook, horizon_days)
    return _of_open_disputes(district, outlook, horizon_days) + of_new_disputes(district, fresh) + _of_contagion(district, fresh)


def outlook_of(district: District, horizon_days: int) -> Outlook:
    """Return how disputes go on, up to the age of one that began on the first day and lasts beyond the horizon."""
    ageing, days = district.ageing, district.world.span.days + horizon_days + 1
    kind, early, repeat = (part.ravel()[:, None] for part in np.indices((len(district.stream.kinds), 2, 2)))
    lasts = ageing.still_open(kind, early > 0, np.arange(days + 1, dtype=np.float64)[None])
    unharmed = np.exp(-ageing.hazard_factor(kind, early > 0, repeat > 0) * ageing.ramp(days))
    each_day = (lasts[:, :-1] + lasts[:, 1:]) / 2 * (unharmed[:, :-1] - unharmed[:, 1:])
    return Outlook(lasts, unharmed, np.column_stack([np.zeros(len(each_day)), np.cumsum(each_day, axis=1)]))


def classes(district: District) -> Ints:
    """Return the class of each dispute."""
    fates = district.fates
    return np.asarray((district.disputes.kind * 2 + fates.early) * 2 + fates.repeat, np.int64)


def sum_by_day(district: District, first: Floats, stop: Floats, value: Callable[[Ints, Ints], Floats]) -> Floats:
    """Add up value(dispute, day) over the days first < day <= stop of each dispute, by part and day."""
    days, parts = district.world.span.days, district.world.ground.parts
    begin = np.clip(np.floor(np.minimum(first, days)).astype(np.int64) + 1, 0, days)
    end = np.clip(np.floor(np.minimum(stop, days)).astype(np.int64) + 1, begin, days)
    row = np.repeat(np.arange(len(begin)), end - begin)
    day = np.arange(len(row)) + np.repeat(end - np.cumsum(end - begin), end - begin)
    cell = district.disputes.part[row] * days + day
    return np.asarray(np.bincount(cell, value(row, day), minlength=parts * days).reshape(parts, days), np.float64)


def _of_open_disputes(district: District, outlook: Outlook, horizon_days: int) -> Floats:
    disputes, fates, kind = district.disputes, district.fates, classes(district)
    rises = outlook.escalated[:, horizon_days:] - outlook.escalated[:, :-horizon_days]
    ages = slice(0, rises.shape[1])
    chance = rises / np.maximum(outlook.lasts[:, ages] * outlook.unharmed[:, ages], np.finfo(float).tiny)

    def value(row: Ints, day: Ints) -> Floats:
        return np.asarray(chance[kind[row], (day - disputes.time[row]).astype(np.int64)])

    return sum_by_day(district, disputes.time, np.minimum(fates.lasts_until, fates.escalates_at), value)


def by_kind(district: District, outlook: Outlook, horizon_days: int) -> Floats:
    """Return (K, H) the chance that a dispute which begins on day h of the horizon escalates within it."""
    early, repeat = district.ageing.mediation.early_share, district.fates.repeat.mean()
    share = np.outer([1 - early, early], [1 - repeat, repeat]).ravel()
    by_age = np.einsum("kct,c->kt", outlook.escalated.reshape(len(district.stream.kinds), 4, -1), share)
    left = np.arange(horizon_days, 0, -1)
    return np.asarray((by_age[:, left] + by_age[:, left - 1]) / 2)


def of_new_disputes(district: District, fresh: Floats) -> Floats:
    """Return those of disputes that begin within the horizon of themselves; the drift of later weeks is expected, not known."""
    world, days, horizon = district.world, district.world.span.days, fresh.shape[1]
    place, drift = world.preset.place, world.levels.drift
    steady = weekly_rates(district.stream, world, np.ones_like(drift)) @ fresh / WEEK
    log_drift, ahead = np.log(drift) + place.drift_sigma**2 / 2, place.drift_phi ** np.arange(horizon // WEEK + 2)
    later_drift = np.exp(ahead[:, None, None] * log_drift - (ahead[:, None, None] * place.drift_sigma) ** 2 / 2)
    now = np.arange(days) // WEEK
    total = np.zeros((world.ground.parts, days))
    for offset in range(horizon):
        week = np.minimum((np.arange(days) + offset) // WEEK, world.span.weeks - 1)
        total += steady[:, week, offset] * later_drift[week - now, :, now].T
    return total


def _of_contagion(district: District, fresh: Floats) -> Floats:
    """Return those of disputes that earlier ones bring on within the horizon."""
    contagion, disputes, ground = district.world.preset.contagion, district.disputes, district.world.ground
    pace, offsets = contagion.decay_days, np.arange(fresh.shape[1] + 1)
    weight = fresh @ -np.diff(np.exp(-offsets / pace))

    def value(row: Ints, day: Ints) -> Floats:
        return np.asarray(weight[disputes.kind[row]] * np.exp(-(day - disputes.time[row]) / pace))

    felt = sum_by_day(district, disputes.time, disputes.time + FORGOTTEN * pace, value)
    return np.asarray(contagion.own * felt + contagion.ring * (ground.adjacent.T @ felt))


def passing_terms(district: District, outlook: Outlook, horizon_days: int) -> Floats:
    """Return those of recorded cases whose term passes within the horizon while they are open."""
    disputes, records, kind = district.disputes, district.records, classes(district)
    going_on = outlook.lasts * outlook.unharmed
    deadline = np.where(records.recorded, records.deadline_at, np.inf)

    def value(row: Ints, day: Ints) -> Floats:
        start, end = disputes.time[row], deadline[row]
        now, then = (day - start).astype(np.int64), np.minimum(end - start, going_on.shape[1] - 1).astype(np.int64)
        chance = going_on[kind[row], then] / np.maximum(going_on[kind[row], now], np.finfo(float).tiny)
        return np.asarray(np.minimum(chance, 1) * _not_on_paper(district.ageing, end - day))

    return sum_by_day(district, deadline - horizon_days, np.minimum.reduce([deadline, records.closed_at, records.escalated_at]), value)


def _not_on_paper(ageing: Ageing, days_left: Floats) -> Floats:
    """Return the chance that a case is not closed on paper before its term, given that it was not so far."""
    share = ageing.mediation.paper_share
    so_far = share * np.clip(1 - days_left / PAPER_DAYS, 0, 1)
    return np.asarray((1 - share) / (1 - so_far))


def reopenings(district: District, horizon_days: int) -> Floats:
    """Return those of closed cases that come back within the horizon."""
    records, rules, rate = district.records, district.ageing.mediation, relapse_rate(district.ageing)
    unsolved = np.where(records.on_paper, 1.0, 1 - rules.solved)

    def value(row: Ints, day: Ints) -> Floats:
        since, unsolved_now = day - records.closed_at[row], unsolved[row]
        until = np.minimum(since + horizon_days, rules.reopen_days)
        back = unsolved_now * (np.exp(-rate * since) - np.exp(-rate * until))
        return np.asarray(back / (1 - unsolved_now + unsolved_now * np.exp(-rate * since)))

    return sum_by_day(district, records.closed_at, np.minimum(records.reopened_at, records.closed_at + rules.reopen_days), value)


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
