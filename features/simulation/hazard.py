"""Ageing of disputes: the hazard of escalation and the chance of still being open, by category and early action."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from features.simulation.preset import Escalation, Mediation

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
