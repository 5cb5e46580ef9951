"""One simulated district: its ground, what happens there, and what the log is told."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import day_number
from features.schema import EventType
from features.simulation.arrivals import Arrivals, arise
from features.simulation.cases import burst, calls_about, dispute_cases, mean_burst, other_cases
from features.simulation.disputes import Fates, Records, draw_fates, draw_records
from features.simulation.ground import Ground, make_ground
from features.simulation.hazard import Ageing, set_ageing
from features.simulation.mix import DISPUTE_MIX, ENVIRONMENT_MIX, HAZARD_MIX, INJURY_CALL, PETITION_MIX, REQUEST_MIX
from features.simulation.place import PROPERTY, Levels, Mix, base_rates, draw_levels
from features.simulation.plans import FELT_IN, Plans, make_plans, treat_estates
from features.simulation.preset import Preset, Rates, Span
from features.simulation.rhythm import Clock, make_clock

Floats = npt.NDArray[np.float64]

DISPUTE_KINDS = tuple(DISPUTE_MIX)


@dataclass(frozen=True)
class World:
    """What is lasting or planned: the stage on which matters arise."""

    preset: Preset
    span: Span
    ground: Ground
    levels: Levels
    plans: Plans


@dataclass(frozen=True)
class District:
    """Everything about one district, known and hidden."""

    world: World
    disputes: Arrivals
    """All of them, recorded or not."""
    fates: Fates
    records: Records
    ageing: Ageing
    clock: Clock
    """Of disputes."""
    base: Floats
    """(P, K) disputes per day by category, those that others bring on left out."""
    cases: pl.DataFrame
    """Rows of `CASE_SCHEMA`, before delivery."""


def make_district(preset: Preset, span: Span, code: str, rng: np.random.Generator) -> District:
    """Simulate the district with this code of 6 digits."""
    redraw_day = day_number(span.start) + round(span.days * preset.redraw.when)
    ground = make_ground(preset, code, redraw_day, rng)
    levels = draw_levels(preset, ground, span, rng)
    plans = make_plans(preset.projects, preset.effort, ground, span.days, rng)
    world = World(preset, span, ground, levels, plans)
    return _simulate(world, rng)


def _simulate(world: World, rng: np.random.Generator) -> District:
    preset, span = world.preset, world.span
    base = (1 - _branching(preset)) * base_rates(preset.rates.dispute, DISPUTE_MIX, world.levels, world.ground, preset, rng)
    clock = make_clock(DISPUTE_KINDS, day_number(span.start), span.days, preset.rhythm, requests=False)
    weekly = weekly_rates(base, DISPUTE_KINDS, clock, world)
    disputes = arise(weekly, clock, world.ground, preset.contagion, rng)
    ageing = set_ageing(DISPUTE_KINDS, base.sum(axis=0), preset.mediation, preset.escalation)
    fates = draw_fates(disputes, ageing, rng)
    records = draw_records(disputes, fates, _seen(world, disputes), ageing, preset.recording, rng)
    shown = dispute_cases(disputes, DISPUTE_KINDS, records, preset.recording, rng)
    others = [_calls(world, disputes, fates, rng), *_other_matters(world, rng)]
    return District(world, disputes, fates, records, ageing, clock, base, pl.concat([shown, *others]))


def weekly_rates(base: Floats, kinds: Sequence[str], clock: Clock, world: World, drift: Floats | None = None) -> Floats:
    """Return (P, W, K) matters to expect in each part, week and category, without those that others bring on.

    `drift` replaces that of the world.
    """
    plans = world.plans
    weekly = base[:, None, :] * clock.by_week().T[None] * (world.levels.drift if drift is None else drift)[:, :, None]
    for place, kind in enumerate(kinds):
        if kind in FELT_IN:
            weekly[:, :, place] *= plans.projects_felt
        if kind == PROPERTY:
            weekly[:, :, place] *= plans.property_felt
    return weekly


def _branching(preset: Preset) -> float:
    return preset.contagion.own + preset.contagion.ring


def _seen(world: World, disputes: Arrivals) -> tuple[Floats, Floats]:
    """Return each dispute's chance to be recorded, without and with campaigns."""
    effort, usual = world.preset.effort, world.levels.seen[disputes.part]
    during = world.plans.campaign[(disputes.time // 7).astype(np.int64)]
    return usual, np.minimum(usual * np.where(during, effort.campaign_factor**effort.dispute_elasticity, 1.0), 1.0)


def _calls(world: World, disputes: Arrivals, fates: Fates, rng: np.random.Generator) -> pl.DataFrame:
    """Return police calls: about these disputes, about others, and one for each major harm."""
    preset, rates = world.preset, world.preset.rates
    per_dispute = rates.call_share_linked * rates.dispute_call / rates.dispute
    harmed = disputes.take(fates.strict)
    injuries = Arrivals(harmed.part, np.zeros_like(harmed.part), fates.escalates_at[fates.strict])
    others = _stream(world, (1 - rates.call_share_linked) * rates.dispute_call, DISPUTE_MIX, rng)
    calls = (
        (calls_about(disputes, fates, per_dispute, rng), DISPUTE_KINDS),
        (others, DISPUTE_KINDS),
        (injuries, (INJURY_CALL,)),
    )
    return pl.concat([other_cases(EventType.POLICE_CALL, found, kinds, preset.recording, rng) for found, kinds in calls])


def _other_matters(world: World, rng: np.random.Generator) -> list[pl.DataFrame]:
    preset, rates = world.preset, world.preset.rates
    effort = preset.effort
    requests = _stream(world, _requests_per_year(rates, preset) / mean_burst(preset.recording), REQUEST_MIX, rng, requests=True)
    found = np.where(world.plans.campaign, effort.campaign_factor**effort.hazard_elasticity, 1.0)
    streams = {
        EventType.SERVICE_REQUEST: (burst(requests, preset.recording, rng), REQUEST_MIX),
        EventType.PETITION: (_stream(world, rates.petition, PETITION_MIX, rng), PETITION_MIX),
        EventType.HAZARD: (_stream(world, rates.hazard, HAZARD_MIX, rng, requests=True, found=found), HAZARD_MIX),
        EventType.ENVIRONMENT_ORDER: (_stream(world, rates.environment_order, ENVIRONMENT_MIX, rng, requests=True), ENVIRONMENT_MIX),
    }
    return [other_cases(kind, matters, tuple(mix), preset.recording, rng) for kind, (matters, mix) in streams.items()]


def _requests_per_year(rates: Rates, preset: Preset) -> float:
    """Return what the other records leave of all."""
    others = rates.dispute * preset.recording.seen_mean + rates.dispute_call + rates.petition + rates.hazard + rates.environment_order
    return rates.all_events - others


def _stream(
    world: World, per_year: float, mix: Mix, rng: np.random.Generator, *, requests: bool = False, found: Floats | float = 1.0
) -> Arrivals:
    """Draw matters of one type, `per_year` per grid; `found` is a factor on the rate of each week."""
    preset, span = world.preset, world.span
    base = (1 - _branching(preset)) * base_rates(per_year, mix, world.levels, world.ground, preset, rng)
    clock = make_clock(tuple(mix), day_number(span.start), span.days, preset.rhythm, requests)
    weekly = weekly_rates(base, tuple(mix), clock, world, world.levels.drift * found)
    return arise(weekly, clock, world.ground, preset.contagion, rng)
