"""Effects of treatments and of acting on alerts: planted ones are covered, and none is found where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from features.days import NEVER
from features.undertakings.in_force import Undertakings
from tests.support.trained_worlds import draw_facts
from training.evaluation.effects import (
    CannotTell,
    Comparison,
    Effect,
    RandomSlots,
    acting_effect,
    difference_in_differences,
    treatment_effect,
)

SEEDS = range(20)


def compare_drawn(effect, seed, treated=24):
    """Draw counts of treated grids and their neighbours, each with a drift of its own."""
    rng = np.random.default_rng(seed)
    level, drift = rng.lognormal(2.5, 0.7, (2, treated)), np.exp(rng.normal(0, 0.3, (4, treated)))
    own, others = level[0], 5 * level[1]
    rates = np.stack([own, own * effect * 1.3, others, others * 1.3]) * drift
    return Comparison(*rng.poisson(rates).astype(float))


@pytest.mark.parametrize("effect", [0.5, 0.8, 1.0])
def test_difference_in_differences_planted_effect_is_covered(effect):
    found = [difference_in_differences(compare_drawn(effect, seed)) for seed in SEEDS]

    assert sum(each.low <= effect <= each.high for each in found) >= 18
    assert effect < 1 or sum(each.helped for each in found) <= 1


def test_difference_in_differences_large_effect_is_seen():
    assert sum(difference_in_differences(compare_drawn(0.5, seed)).helped for seed in SEEDS) >= 18


def test_before_and_after_without_neighbours_is_caught():
    """What rises everywhere would hide the effect: the test above would fail without the neighbours."""
    alone = [replace(compare_drawn(0.8, seed), others_before=np.full(24, 1e6), others_after=np.full(24, 1e6)) for seed in SEEDS]

    assert sum(0.8 <= difference_in_differences(each).high and difference_in_differences(each).low <= 0.8 for each in alone) < 18


def test_difference_in_differences_few_grids_or_cases_cannot_be_told():
    few = compare_drawn(0.5, 1, treated=4)
    empty = Comparison(*np.ones((4, 10)))

    assert difference_in_differences(few) is CannotTell.FEW_TREATED
    assert difference_in_differences(empty) is CannotTell.FEW_CASES


def treated_facts(effect, seed, grids=60, days=600, start=400, treated=20):
    """Return facts in which the first grids are treated from a day on; every case is an event a resident brought."""
    rates = np.full((days, grids), 0.1)
    rates[start:, :treated] *= effect
    facts = draw_facts(rates, days, seed)
    rows = np.arange(treated, dtype=np.int32)
    same = np.zeros(treated, np.int32)
    laid = Undertakings(rows, rows, same.astype(np.int16), same, same + NEVER, same + start, same + NEVER)
    return replace(facts, undertakings=laid, undertaking_kinds=(("treatment", "service_point"),))


def test_treatment_effect_of_facts_is_the_planted_one():
    found = treatment_effect(treated_facts(0.5, 1), "service_point", 600)

    assert isinstance(found, Effect)
    assert (found.low < 0.5 < found.high < 0.8, found.units) == (True, 20)


def test_treatment_effect_of_weeks_that_are_not_ripe_is_not_told():
    assert treatment_effect(treated_facts(0.5, 1), "service_point", 440) is CannotTell.FEW_TREATED


def test_treatment_effect_of_another_sub_kind_is_not_told():
    assert treatment_effect(treated_facts(0.5, 1), "mediation_station", 600) is CannotTell.FEW_TREATED


def draw_slots(effect, seed, lists=60, units=8, pool=12):
    """Draw one random slot per unit and list from a pool of unlike grids; of those drawn the escalations fall to `effect`."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((lists * units, pool), bool)
    drawn[np.arange(lists * units), rng.integers(pool, size=lists * units)] = rng.random(lists * units) < 0.9
    rate = rng.lognormal(-1.5, 0.5, (lists * units, pool))
    escalations = rng.poisson(rate * np.where(drawn, effect, 1.0)).astype(float)
    number, unit = (np.repeat(each, pool) for each in np.divmod(np.arange(lists * units), units))
    return RandomSlots(drawn.ravel(), escalations.ravel(), (7 * number).astype(np.int32), unit.astype(np.int32))


@pytest.mark.parametrize("effect", [0.5, 0.8, 1.0])
def test_acting_effect_planted_effect_is_covered(effect):
    found = [acting_effect(draw_slots(effect, seed)) for seed in range(100)]

    assert sum(each.low <= effect <= each.high for each in found) >= 0.9 * len(found)
    assert effect < 1 or sum(each.helped for each in found) <= 0.05 * len(found)


def test_acting_effect_compares_within_lists_and_townships():
    """Small pools are drawn more often and escalate more: all grids compared with all, going there would look harmful."""
    rng = np.random.default_rng(1)
    pools = np.repeat([3, 30], 400)
    drawn = np.concatenate([np.arange(size) == 0 for size in pools])
    escalations = rng.poisson(np.repeat(np.where(pools < 30, 1.0, 0.1), pools)).astype(float)
    as_of = np.repeat(np.arange(len(pools)), pools).astype(np.int32)
    within, plain = acting_effect(RandomSlots(drawn, escalations, as_of, 0 * as_of)), escalations[drawn].mean() / escalations[~drawn].mean()

    assert plain > 1.5
    assert within.low < 1 < within.high


def test_acting_effect_of_one_list_is_the_ratio_of_the_means():
    """Three drawn grids with 10 escalations each, nine others with 8 each, alike in 40 townships but for one more or less."""
    drawn = np.tile(np.arange(12) < 3, 40)
    unit = np.repeat(np.arange(40), 12).astype(np.int32)
    escalations = np.where(drawn, 10.0, 8.0) + np.where(unit % 2, 1, -1)
    effect = acting_effect(RandomSlots(drawn, escalations, 0 * unit, unit))

    assert effect.ratio == pytest.approx(1.25, abs=0.01)
    assert 1.2 < effect.low < effect.ratio < effect.high < 1.3


@pytest.mark.parametrize("lists", [(0,), (0, 28)])
def test_acting_effect_of_few_townships_and_months_cannot_be_told(lists):
    """In one block no spread can be told; two that differ leave every ratio possible."""
    as_of = np.repeat(lists, 80).astype(np.int32)
    drawn = np.tile(np.arange(80) < 40, len(lists))
    escalations = np.where(drawn, 1.0 + as_of / 14, 1.0)
    assert acting_effect(RandomSlots(drawn, escalations, as_of, 0 * as_of)) is CannotTell.FEW_BLOCKS


def test_acting_effect_of_few_slots_cannot_be_told():
    assert acting_effect(draw_slots(1.0, 1, lists=2)) is CannotTell.FEW_DRAWN
