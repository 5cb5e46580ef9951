"""One simulated district: what happens there, and what of it could be recorded."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import EventType
from features.simulation.arrivals import Arrivals
from features.simulation.cases import burst, calls_about, dispute_cases, mean_burst, other_cases
from features.simulation.disputes import Fates, Records, draw_fates, draw_records
from features.simulation.hazard import Ageing, set_ageing
from features.simulation.mix import DISPUTE_MIX, ENVIRONMENT_MIX, HAZARD_MIX, INJURY_CALL, PETITION_MIX, REQUEST_MIX
from features.simulation.preset import Preset, Span
from features.simulation.world import Stream, World, happen, make_stream, make_world

Floats = npt.NDArray[np.float64]


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
    incidents = make_stream(world, _requests_per_year(preset) / mean_burst(preset.recording), REQUEST_MIX, rng, requests=True)
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


def _requests_per_year(preset: Preset) -> float:
    """Return what the other records leave of all."""
    rates = preset.rates
    others = rates.dispute * preset.recording.seen_mean + rates.dispute_call + rates.petition + rates.hazard + rates.environment_order
    return rates.all_events - others
