"""What is planned in the district: projects with public dates, hand-overs of estates, treatment, screening campaigns."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.simulation.ground import Ground
from features.simulation.place import PROPERTY
from features.simulation.preset import Effort, Projects, Span

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KINDS = ("construction", "land_acquisition", "eia_notice", "housing_handover")
HANDOVER = KINDS.index("housing_handover")
FELT_IN = frozenset({PROPERTY, "land_acquisition", "environment", "planning_construction"})
"""Categories that a project raises."""


@dataclass(frozen=True)
class Plans:
    """Projects, and the weeks of campaigns."""

    part: Ints
    kind: Ints
    """Position in `KINDS`."""
    start: Ints
    """Days from the start of the simulation."""
    end: Ints
    projects_felt: Floats
    """(P, W) factor on what projects raise."""
    property_felt: Floats
    """(P, W) further factor on property matters."""
    campaign: npt.NDArray[np.bool_]
    """(W,) true in weeks of screening."""


def make_plans(projects: Projects, effort: Effort, ground: Ground, span: Span, rng: np.random.Generator) -> Plans:
    """Draw the plans of the whole time."""
    days, weeks, years = span.days, span.weeks, span.days / 365.25
    expected = ground.exposure * years
    sites, handovers = (
        np.repeat(np.arange(ground.parts), rng.poisson(expected * rate)) for rate in (projects.rate, projects.handover_rate)
    )
    kind = np.concatenate([rng.integers(HANDOVER, size=len(sites)), np.full(len(handovers), HANDOVER)])
    part = np.concatenate([sites, handovers])
    start = rng.integers(days, size=len(part))
    end = start + np.where(kind == HANDOVER, projects.handover_days, projects.days)
    during = _weeks_of(start, end, weeks)
    felt, felt_by_property = np.ones((2, ground.parts, weeks))
    for at, is_handover, now in zip(part, kind == HANDOVER, during, strict=True):
        if is_handover:
            felt_by_property[at, now] *= projects.handover_factor
        else:
            felt[at, now] *= projects.factor
            felt[np.ix_(_ring(ground, at), now)] *= projects.ring_factor
    return Plans(part, kind, start, end, felt, felt_by_property, _campaigns(effort, years, weeks, rng))


def _weeks_of(start: Ints, end: Ints, weeks: int) -> list[Ints]:
    return [np.arange(first // 7, min(-(-last // 7), weeks)) for first, last in zip(start, end, strict=True)]


def _ring(ground: Ground, part: int) -> Ints:
    return np.asarray(ground.adjacent.indices[ground.adjacent.indptr[part] : ground.adjacent.indptr[part + 1]], np.int64)


def treat_estates(plans: Plans, projects: Projects, property_rate: Floats) -> Plans:
    """Return the plans with the parts of most property matters treated: there they are fewer from halfway on."""
    worst = np.argsort(-property_rate, kind="stable")[: projects.treated_estates]
    felt = plans.property_felt.copy()
    felt[worst, felt.shape[1] // 2 :] *= projects.treatment_factor
    return replace(plans, property_felt=felt)


def _campaigns(effort: Effort, years: float, weeks: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw campaigns that begin in any week."""
    screening = np.zeros(weeks, np.bool_)
    count = round(years * rng.integers(effort.campaigns[0], effort.campaigns[1], endpoint=True))
    for _ in range(count):
        first = int(rng.integers(weeks))
        screening[first : first + rng.integers(effort.campaign_weeks[0], effort.campaign_weeks[1], endpoint=True)] = True
    return screening
