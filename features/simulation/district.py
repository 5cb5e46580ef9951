"""One simulated district: its stage, what happens there, and what of it could be recorded.

The stage (`World`) is the ground with its lasting levels and plans, and the rates of matters on it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import day_number
from features.schema import EventType
from features.simulation.arrivals import Arrivals, Clock, arise, make_clock
from features.simulation.cases import burst, calls_about, dispute_cases, mean_burst, other_cases
from features.simulation.disputes import Ageing, Fates, Records, draw_fates, draw_records, set_ageing
from features.simulation.ground import Ground, make_ground
from features.simulation.mix import DISPUTE_MIX, ENVIRONMENT_MIX, HAZARD_MIX, INJURY_CALL, PETITION_MIX, REQUEST_MIX, Mix
from features.simulation.place import PROPERTY, Levels, base_rates, draw_levels
from features.simulation.plans import FELT_IN, SHOCKED, Plans, make_plans, treat_estates
from features.simulation.preset import Preset, Span

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Lasting traits and plans of one district."""

    preset: Preset
    span: Span
    ground: Ground
    levels: Levels
    plans: Plans


@dataclass(frozen=True)
class Stream:
    """Matters of one type: categories, their clocks and their rates."""

    kinds: tuple[str, ...]
    clock: Clock
    base: Floats
    """(P, K) matters per day, those that others bring on left out."""


def make_world(preset: Preset, span: Span, code: str, rng: np.random.Generator) -> World:
    """Draw the stage of the district with this code of 6 digits."""
    ground = make_ground(preset, code, day_number(span.start) + round(span.days * preset.redraw.when), rng)
    levels = draw_levels(preset, ground, span, rng)
    plans = make_plans(preset, ground, span, rng)
    return World(
        preset,
        span,
        ground,
        levels,
        treat_estates(plans, preset.projects, levels.place * levels.property_trouble * np.array(DISPUTE_MIX[PROPERTY])[ground.area_type]),
    )


def make_stream(world: World, per_year: float, mix: Mix, rng: np.random.Generator, *, requests: bool = False) -> Stream:
    """Draw the rates of one type of matters, `per_year` in a grid; they keep the calendar of requests or that of disputes."""
    preset, span = world.preset, world.span
    unprompted = per_year * (1 - preset.contagion.own - preset.contagion.ring)
    base = base_rates(unprompted, mix, world.levels, world.ground, preset.place, rng)
    return Stream(tuple(mix), make_clock(tuple(mix), day_number(span.start), span.days, preset.rhythm, requests), base)


def weekly_rates(stream: Stream, world: World, drift: Floats) -> Floats:
    """Return (P, W, K) matters to expect in each part, week and category, those that others bring on left out; drift is (P, W)."""
    weekly = stream.base[:, None, :] * stream.clock.by_week().T[None] * drift[:, :, None]
    for place, kind in enumerate(stream.kinds):
        if kind in FELT_IN:
            weekly[:, :, place] *= world.plans.projects_felt
        if kind == PROPERTY:
            weekly[:, :, place] *= world.plans.property_felt
        if kind in SHOCKED:
            weekly[:, :, place] *= world.plans.shocks_felt
    return weekly


def happen(stream: Stream, world: World, rng: np.random.Generator, found: Floats | float = 1.0) -> Arrivals:
    """Draw the matters of a stream; `found` is a factor on the rate of each week."""
    weekly = weekly_rates(stream, world, world.levels.drift * found)
    return arise(weekly, stream.clock, world.ground, world.preset.contagion, rng)


@dataclass(frozen=True)
class District:
    """Everything about one district, known and hidden."""

    world: World
    stream: Stream
    """Of disputes."""
    disputes: Arrivals
    """All of them, recorded or not."""
    ageing: Ageing
    fates: Fates
    records: Records
    cases: pl.DataFrame
    """Rows of `CASE_SCHEMA`, before delivery."""


def make_district(preset: Preset, span: Span, code: str, rng: np.random.Generator) -> District:
    """Simulate the district with this code of 6 digits."""
    world = make_world(preset, span, code, rng)
    stream = make_stream(world, preset.rates.dispute, DISPUTE_MIX, rng)
    disputes = happen(stream, world, rng)
    ageing = set_ageing(stream.kinds, stream.base.sum(axis=0), preset.mediation, preset.escalation)
    fates = draw_fates(disputes, ageing, rng)
    records = draw_records(disputes, fates, _seen(world, disputes), ageing, preset.recording, rng)
    shown = dispute_cases(disputes, stream.kinds, records, preset.recording, rng)
    cases = pl.concat([shown, *_police_calls(world, disputes, fates, rng), *_other_matters(world, rng)])
    return District(world, stream, disputes, ageing, fates, records, cases)


def _seen(world: World, disputes: Arrivals) -> tuple[Floats, Floats]:
    """Return each dispute's chance to be recorded, without and with campaigns."""
    effort, usual = world.preset.effort, world.levels.seen[disputes.part]
    during = world.plans.campaign[(disputes.time // 7).astype(np.int64)]
    return usual, np.minimum(usual * np.where(during, effort.campaign_factor**effort.dispute_elasticity, 1.0), 1.0)


def _police_calls(world: World, disputes: Arrivals, fates: Fates, rng: np.random.Generator) -> list[pl.DataFrame]:
    """Return calls about these disputes, calls about others, and one for each major harm."""
    rates, recording = world.preset.rates, world.preset.recording
    stream = make_stream(world, (1 - rates.call_share_linked) * rates.dispute_call, DISPUTE_MIX, rng)
    about_these = calls_about(disputes, fates, rates.call_share_linked * rates.dispute_call / rates.dispute, rng)
    harmed = disputes.take(fates.strict)
    injuries = Arrivals(harmed.part, np.zeros_like(harmed.part), fates.escalates_at[fates.strict])
    calls = ((about_these, stream.kinds), (happen(stream, world, rng), stream.kinds), (injuries, (INJURY_CALL,)))
    return [other_cases(EventType.POLICE_CALL, matters, kinds, recording, rng) for matters, kinds in calls]


def _other_matters(world: World, rng: np.random.Generator) -> list[pl.DataFrame]:
    """Return requests, petitions, hazards and matters of order; hazards are found by looking."""
    preset, rates, effort = world.preset, world.preset.rates, world.preset.effort
    incidents = make_stream(world, preset.requests / mean_burst(preset.recording), REQUEST_MIX, rng, requests=True)
    petitions = make_stream(world, rates.petition, PETITION_MIX, rng)
    hazards = make_stream(world, rates.hazard, HAZARD_MIX, rng, requests=True)
    orders = make_stream(world, rates.environment_order, ENVIRONMENT_MIX, rng, requests=True)
    found = np.where(world.plans.campaign, effort.campaign_factor**effort.hazard_elasticity, 1.0)
    matters = (
        (EventType.SERVICE_REQUEST, incidents, burst(happen(incidents, world, rng), preset.recording, rng)),
        (EventType.PETITION, petitions, happen(petitions, world, rng)),
        (EventType.HAZARD, hazards, happen(hazards, world, rng, found / found.mean())),
        (EventType.ENVIRONMENT_ORDER, orders, happen(orders, world, rng)),
    )
    return [other_cases(event_type, some, stream.kinds, preset.recording, rng) for event_type, stream, some in matters]
