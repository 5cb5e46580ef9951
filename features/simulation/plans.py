"""Undertakings of the simulated district: projects, hand-overs, treated estates, screening campaigns, shocks."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.simulation.ground import Ground
from features.simulation.place import PROPERTY
from features.simulation.preset import Effort, Preset, Projects, Shocks, Span

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KINDS = ("construction", "land_acquisition", "eia_notice", "housing_handover")
HANDOVER = KINDS.index("housing_handover")
FELT_IN = frozenset({PROPERTY, "land_acquisition", "environment", "planning_construction"})
"""Categories that a project raises."""
SHOCKED = frozenset({PROPERTY, "damage_compensation", "neighbor"})
"""Categories that a shock raises."""


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
    treated: Ints
    """Parts that are treated, from the middle on."""
    shocked: Ints
    """Part of each shock."""
    shock_day: Ints
    shocks_felt: Floats
    """(P, W) factor on what shocks raise."""
    assessed: npt.NDArray[np.bool_]
    """Whether a stability risk assessment came before each project."""


def make_plans(preset: Preset, ground: Ground, span: Span, rng: np.random.Generator) -> Plans:
    """Draw the plans of the whole time; nobody is treated yet."""
    projects, effort, days, weeks, years = preset.projects, preset.effort, span.days, span.weeks, span.days / 365.25
    expected = ground.exposure * years
    sites, handovers = (
        np.repeat(np.arange(ground.parts), rng.poisson(expected * rate)) for rate in (projects.rate, projects.handover_rate)
    )
    kind = np.concatenate([rng.integers(HANDOVER, size=len(sites)), np.full(len(handovers), HANDOVER)])
    part = np.concatenate([sites, handovers])
    start = rng.integers(days, size=len(part))
    end = start + np.where(kind == HANDOVER, projects.handover_days, projects.days)
    felt, felt_by_property = _feel_projects(projects, ground, (part, kind, start, end), weeks)
    nobody, calm = np.zeros(0, np.int64), np.ones((ground.parts, weeks))
    campaign = _campaigns(effort, years, weeks, rng)
    # what came later has streams of its own, so that a district without it stays what it was
    of_shocks, of_assessments = rng.spawn(2)
    assessed = of_assessments.random(len(part)) < projects.assessed
    plans = Plans(part, kind, start, end, felt, felt_by_property, campaign, nobody, nobody, nobody, calm, assessed)
    return _strike(plans, preset.shocks, expected, span, of_shocks)


def _feel_projects(projects: Projects, ground: Ground, drawn: tuple[Ints, Ints, Ints, Ints], weeks: int) -> Floats:
    """Return (2, P, W) factors of projects and of hand-overs."""
    part, kind, start, end = drawn
    felt, felt_by_property = factors = np.ones((2, ground.parts, weeks))
    before, after = projects.start_days
    rows = zip(part, kind == HANDOVER, _weeks_of(start, end, weeks), _weeks_of(start - before, start + after, weeks), strict=True)
    for at, is_handover, now, around_start in rows:
        if is_handover:
            felt_by_property[at, now] *= projects.handover_factor
        else:
            felt[at, now] *= projects.factor
            felt[at, around_start] *= projects.start_factor
            felt[np.ix_(_ring(ground, at), now)] *= projects.ring_factor
    return factors


def _strike(plans: Plans, shocks: Shocks, expected: Floats, span: Span, rng: np.random.Generator) -> Plans:
    """Draw shocks, and how their aftermath fades."""
    part = np.repeat(np.arange(len(expected)), rng.poisson(expected * shocks.rate))
    day = rng.integers(span.days, size=len(part))
    felt = plans.shocks_felt.copy()
    for at, first in zip(part, day // 7, strict=True):
        age = 7 * np.arange(span.weeks - first)
        felt[at, first:] *= 1 + (shocks.factor - 1) * np.exp(-age / shocks.decay_days)
    return replace(plans, shocked=part, shock_day=day, shocks_felt=felt)


def _weeks_of(start: Ints, end: Ints, weeks: int) -> list[Ints]:
    return [np.arange(max(first, 0) // 7, min(-(-last // 7), weeks)) for first, last in zip(start, end, strict=True)]


def _ring(ground: Ground, part: int) -> Ints:
    return np.asarray(ground.adjacent.indices[ground.adjacent.indptr[part] : ground.adjacent.indptr[part + 1]], np.int64)


def treat_estates(plans: Plans, projects: Projects, property_rate: Floats) -> Plans:
    """Return the plans with the parts of most property matters treated: there they are fewer from halfway on."""
    worst = np.argsort(-property_rate, kind="stable")[: projects.treated_estates]
    felt = plans.property_felt.copy()
    felt[worst, felt.shape[1] // 2 :] *= projects.treatment_factor
    return replace(plans, property_felt=felt, treated=worst)


def _campaigns(effort: Effort, years: float, weeks: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw campaigns that begin in any week."""
    screening = np.zeros(weeks, np.bool_)
    count = round(years * rng.integers(effort.campaigns[0], effort.campaigns[1], endpoint=True))
    for _ in range(count):
        first = int(rng.integers(weeks))
        screening[first : first + rng.integers(effort.campaign_weeks[0], effort.campaign_weeks[1], endpoint=True)] = True
    return screening
