"""The stage: ground, lasting levels and plans of a district, and the rates of matters on it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import day_number
from features.simulation.arrivals import Arrivals, arise
from features.simulation.ground import Ground, make_ground
from features.simulation.mix import DISPUTE_MIX, Mix
from features.simulation.place import PROPERTY, Levels, base_rates, draw_levels
from features.simulation.plans import FELT_IN, SHOCKED, Plans, make_plans, treat_estates
from features.simulation.preset import Preset, Span
from features.simulation.rhythm import Clock, make_clock

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
