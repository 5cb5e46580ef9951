"""Course of each dispute, and what the log shows of it. Times are days from the start; infinity is never.

Disputes age: the hazard of escalation and the chance of still being open depend on category and early action.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from features.simulation.arrivals import Arrivals
from features.simulation.dispute_numbers import Escalation, Mediation, Recording

Flags = npt.NDArray[np.bool_]

RELAPSE_DAYS = 180.0
LAG_DAYS = 0.3
"""Median days in which what cannot be overlooked is recorded."""
ACCEPT_DAYS = 0.2
"""Median days from report to acceptance."""
PAPER_DAYS = 7.0
"""In so many days before the term cases are closed on paper."""
LONG_DELAY_DAYS = 30.0
"""A long delay is this many days, and as many again on average."""
TINY = 1e-9
NORMAL_90 = 1.2815515594
"""The 90th percentile of the standard normal distribution."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

OTHER_DAYS = 10.0
OTHER_FACTOR = 0.7
LAND = frozenset({"land_acquisition", "forest_land"})


@dataclass(frozen=True)
class Ageing:
    """Settings of each category, in arrays (K,)."""

    median_days: Floats
    factor: Floats
    failure: Floats
    mediation: Mediation
    escalation: Escalation

    def hazard_factor(self, kind: Ints, early: npt.NDArray[np.bool_], repeat: npt.NDArray[np.bool_]) -> Floats:
        """Return the hazard per day of a new dispute."""
        rules = self.escalation
        return np.asarray(
            rules.daily * self.factor[kind] * np.where(early, rules.early_factor, 1.0) * np.where(repeat, rules.repeat_factor, 1.0)
        )

    def pace(self, kind: Ints, early: npt.NDArray[np.bool_]) -> Floats:
        """Return the median days until a dispute is settled."""
        return np.asarray(self.median_days[kind] * np.where(early, self.mediation.early_pace, self.mediation.late_pace))

    def ramp(self, days: int) -> Floats:
        """Return the hazard of factor 1 summed up to each age of 0 to `days` days."""
        rules, age = self.escalation, np.arange(days)
        rising = 1 + (rules.ramp_top - 1) * np.minimum(age / rules.ramp_days, 1)
        return np.concatenate([[0.0], np.cumsum(rising * np.where(age < rules.stale_days, 1, rules.stale_factor))])

    def still_open(self, kind: Ints, early: npt.NDArray[np.bool_], age: Floats) -> Floats:
        """Return the chance that a dispute lasts longer than `age` days, which broadcasts against the others."""
        rules = self.mediation
        logs = np.log(np.maximum(age, 1e-9))
        settled = ndtr((np.log(self.pace(kind, early)) - logs) / rules.days_sigma)
        failed = ndtr((np.log(rules.failed_days) - logs) / rules.failed_sigma)
        return np.asarray(settled + self.failure[kind] * (failed - settled))


def set_ageing(kinds: Sequence[str], share: Floats, mediation: Mediation, escalation: Escalation) -> Ageing:
    """Gather what the settings say of some categories.

    Args:
        kinds: the categories.
        share: (K,) of all disputes, so that failures come to 1 - success on the whole.
        mediation: how disputes end.
        escalation: how they escalate.
    """
    hard = np.array([mediation.land_failure if kind in LAND else 1.0 for kind in kinds])
    failure = (1 - mediation.success) * hard / np.average(hard, weights=share)
    return Ageing(
        median_days=np.array([mediation.days.get(kind, OTHER_DAYS) for kind in kinds]),
        factor=np.array([escalation.factors.get(kind, OTHER_FACTOR) for kind in kinds]),
        failure=np.minimum(failure, mediation.failure_cap),
        mediation=mediation,
        escalation=escalation,
    )


@dataclass(frozen=True)
class Fates:
    """Events, recorded or not; arrays over disputes."""

    early: Flags
    """Mediated within the first week."""
    repeat: Flags
    failed: Flags
    """Mediation failed at the first attempt."""
    lasts_until: Floats
    escalates_at: Floats
    strict: Flags
    """The escalation is major harm."""


@dataclass(frozen=True)
class Records:
    """Recorded times of each dispute; infinity where there is none."""

    recorded: Flags
    """Recorded before it escalated, or without escalating."""
    by_campaign: Flags
    """Recorded only because of a screening campaign."""
    occurred_at: Floats
    reported_at: Floats
    accepted_at: Floats
    deadline_at: Floats
    escalated_at: Floats
    closed_at: Floats
    on_paper: Flags
    """Closed before its term without being settled."""
    reopened_at: Floats
    closed_again_at: Floats

    @property
    def shown(self) -> Flags:
        """True where the log shows it at all."""
        return np.isfinite(self.reported_at)

    @property
    def overdue_at(self) -> Floats:
        """When the legal term passes while it is open."""
        return np.where(self.closed_at > self.deadline_at, self.deadline_at, np.inf)


def draw_fates(disputes: Arrivals, ageing: Ageing, rng: np.random.Generator) -> Fates:
    """Draw how long each dispute lasts and whether it escalates meanwhile; an escalation makes it last longer if it fails then."""
    count, rules = len(disputes), ageing.mediation
    early, failed = rng.random(count) < rules.early_share, rng.random(count) < ageing.failure[disputes.kind]
    repeat = _is_repeat(disputes, ageing.escalation.repeat_days)
    settled = ageing.pace(disputes.kind, early) * rng.lognormal(0, rules.days_sigma, count)
    dragged = rng.lognormal(np.log(rules.failed_days), rules.failed_sigma, (2, count))
    lasts = np.where(failed, dragged[0], settled)
    ramp = ageing.ramp(int(np.ceil(lasts.max(initial=1))))
    hazard = ageing.hazard_factor(disputes.kind, early, repeat)
    age = np.interp(rng.exponential(size=count) / hazard, ramp, np.arange(len(ramp)), right=np.inf)
    escalates = age < lasts
    hard = escalates & (rng.random(count) >= rules.success_hard)
    return Fates(
        early=early,
        repeat=repeat,
        failed=failed,
        lasts_until=disputes.time + lasts + np.where(hard, dragged[1], 0.0),
        escalates_at=np.where(escalates, disputes.time + age, np.inf),
        strict=escalates & (rng.random(count) < ageing.escalation.strict_share),
    )


def _is_repeat(disputes: Arrivals, within_days: int) -> Flags:
    """Tell whether the last dispute of the same part and category came within so many days before."""
    order = np.lexsort((disputes.time, disputes.kind, disputes.part))
    part, kind, time = disputes.part[order], disputes.kind[order], disputes.time[order]
    follows = np.zeros(len(order), np.bool_)
    follows[1:] = (part[1:] == part[:-1]) & (kind[1:] == kind[:-1]) & (time[1:] - time[:-1] <= within_days)
    repeat = np.empty_like(follows)
    repeat[order] = follows
    return repeat


def draw_records(
    disputes: Arrivals, fates: Fates, seen: tuple[Floats, Floats], ageing: Ageing, recording: Recording, rng: np.random.Generator
) -> Records:
    """Draw what is recorded of each dispute. One that nobody recorded is when it escalates, as if it began then.

    Args:
        disputes: when and where.
        fates: what happens.
        seen: chance to be recorded, without and with the campaigns of that day.
        ageing: legal term and relapses.
        recording: delays.
        rng: decides.
    """
    count, rules = len(disputes), ageing.mediation
    draw = rng.random(count)
    recorded, escalated_at = draw < seen[1], fates.escalates_at
    surfaces = escalated_at + rng.lognormal(np.log(LAG_DAYS), 1, count)
    reported = np.where(recorded, np.minimum(disputes.time + _delays(recording, count, rng), surfaces), surfaces)
    accepted = reported + rng.lognormal(np.log(ACCEPT_DAYS), 1, count)
    deadline = accepted + rules.term_days
    closed = np.maximum(fates.lasts_until, accepted + rng.uniform(0.1, 1, count))
    on_paper = (closed > deadline) & (rng.random(count) < rules.paper_share)
    closed = np.where(on_paper, deadline - rng.uniform(0, PAPER_DAYS, count), closed)
    closed = np.where(np.isfinite(reported), closed, np.inf)
    reopened = closed + _relapses(ageing, on_paper, rng)
    return Records(
        recorded=recorded,
        by_campaign=recorded & (draw >= seen[0]),
        occurred_at=np.where(recorded, disputes.time, escalated_at),
        reported_at=reported,
        accepted_at=accepted,
        deadline_at=deadline,
        escalated_at=escalated_at,
        closed_at=closed,
        on_paper=on_paper,
        reopened_at=reopened,
        closed_again_at=reopened + ageing.pace(disputes.kind, fates.early) * rng.lognormal(0, rules.days_sigma, count),
    )


def relapse_rate(ageing: Ageing) -> float:
    """Return the daily hazard with which what was closed without being solved comes back."""
    rules = ageing.mediation
    return float(-np.log(1 - rules.relapse / (1 - rules.solved)) / RELAPSE_DAYS) if rules.relapse else 0.0


def _relapses(ageing: Ageing, on_paper: Flags, rng: np.random.Generator) -> Floats:
    """Draw after how many days each case is reopened."""
    unsolved = on_paper | (rng.random(len(on_paper)) >= ageing.mediation.solved)
    rate = relapse_rate(ageing)
    after = rng.exponential(1 / rate if rate else np.inf, len(on_paper))
    return np.where(unsolved & (after < ageing.mediation.reopen_days), after, np.inf)


def recorded_within(recording: Recording, age: Floats) -> Floats:
    """Return the chance that a dispute which is recorded at all is in the log at an age in days."""
    usual = ndtr(np.log(np.maximum(age, TINY) / recording.delay_median_days) / _delay_sigma(recording))
    late = -np.expm1(-np.maximum(age - LONG_DELAY_DAYS, 0) / LONG_DELAY_DAYS)
    return np.asarray((1 - recording.delay_long_share) * usual + recording.delay_long_share * late)


def _delay_sigma(recording: Recording) -> float:
    return float(np.log(recording.delay_p90_days / recording.delay_median_days) / NORMAL_90)


def _delays(recording: Recording, count: int, rng: np.random.Generator) -> Floats:
    """Draw the days from happening to recording."""
    usual = rng.lognormal(np.log(recording.delay_median_days), _delay_sigma(recording), count)
    return np.where(rng.random(count) < recording.delay_long_share, LONG_DELAY_DAYS + rng.exponential(LONG_DELAY_DAYS, count), usual)
