"""Treated estates of simulated districts: the planted effect is covered, and where there is none none is found."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from features.days import NEVER
from features.facts.facts import Facts
from features.simulation.district import District, make_district
from features.simulation.place import PROPERTY
from features.simulation.preset import Span
from features.simulation.simulate import PRESETS
from features.undertakings.in_force import Undertakings
from tests.support.trained_worlds import make_facts
from training.evaluation.effects import Effect, treatment_effect

SEEDS = range(20)
SPAN = Span.of_years(3, date(2026, 1, 1))


def district_with(effect: float, seed: int) -> District:
    """Simulate a small district in which 24 estates are treated from halfway on; projects and shocks go on around them."""
    preset = PRESETS["undertakings"]
    projects = preset.projects.model_copy(update={"treatment_factor": effect})
    return make_district(preset.model_copy(update={"projects": projects}), SPAN, "990101", np.random.default_rng(seed))


def facts_of(district: District) -> Facts:
    """Return the property matters that residents brought, and the treatments, as facts."""
    world, brought = district.world, pl.col("self_found").fill_null(value=False).not_() & pl.col("occurred_at").is_finite()
    cases = district.cases.filter(brought, pl.col("category") == PROPERTY, pl.col("event_type") != "petition")
    parts, days = cases["part"].to_numpy(), np.floor(cases["occurred_at"].to_numpy()).astype(np.int32)
    facts = make_facts(parts, days, world.ground.parts, SPAN.days)
    treated = np.sort(world.plans.treated).astype(np.int32)
    begin, same = np.int32(7 * (SPAN.weeks // 2)), np.zeros(len(treated), np.int32)
    laid = Undertakings(treated, treated, same.astype(np.int16), same, same + NEVER, same + begin, same + NEVER)
    return replace(
        facts,
        places=replace(facts.places, neighbours=csr_array(world.ground.adjacent)),
        kinds=(("dispute", PROPERTY),),
        undertakings=laid,
        undertaking_kinds=(("treatment", "estate_treatment"),),
    )


def effect_in(planted: float, seed: int) -> Effect:
    """Return what is told of the treatments of one district."""
    effect = treatment_effect(facts_of(district_with(planted, seed)), "estate_treatment", SPAN.days)
    assert isinstance(effect, Effect)
    return effect


@pytest.mark.full
@pytest.mark.parametrize("planted", [0.5, 0.8, 1.0])
def test_treated_estates_planted_effect_is_covered_in_eighteen_of_twenty_districts(planted: float) -> None:
    effects = [effect_in(planted, seed) for seed in SEEDS]

    assert sum(effect.low <= planted <= effect.high for effect in effects) >= 18
    assert planted < 1 or sum(effect.helped for effect in effects) <= 1


def test_treated_estates_of_one_district_are_all_compared() -> None:
    effect = effect_in(0.5, 1)

    assert effect.units == 24
    assert effect.low < 0.5 < effect.high
