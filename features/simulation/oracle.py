"""Oracle: the escalations to expect in each part on each day, given the true state of the district that morning.

It knows which disputes exist, their category, age and early action, which are recorded, and all rates; not how long a dispute will
last, whether mediation fails, or what comes tomorrow. Escalations are those of the target: the first of handing up, harm and a passed
term while a case is open, and a reopening.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulation.disputes import PAPER_DAYS, relapse_rate
from features.simulation.district import District
from features.simulation.hazard import Ageing
from features.simulation.world import weekly_rates

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WEEK = 7
FORGOTTEN = 6
"""After so many mean delays nothing more is brought on."""


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
