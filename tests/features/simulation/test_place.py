"""Lasting differences of places."""

import numpy as np
import pytest

from features.simulation.dispute_numbers import Recording
from features.simulation.mix import DISPUTE_MIX
from features.simulation.place import PROPERTY, base_rates
from features.simulation.preset import Place, Redraw, Size
from tests.features.simulation.small import small_world

ALIKE = Place(grid_sigma=0, community_sigma=0, township_sigma=0, category_sigma=0, property_sigma=0, drift_sigma=0)
MANY = Size(grids=400, townships=2, communities=20)


def test_draw_levels_mean_over_grids_is_one() -> None:
    world = small_world(size=MANY, redraw=Redraw(share=0.3))

    assert 1.0 == pytest.approx(np.average(world.levels.place, weights=world.ground.exposure))


def test_draw_levels_without_differences_every_place_is_alike() -> None:
    levels = small_world(place=ALIKE).levels

    assert {1.0} == {*levels.place.tolist(), *levels.property_trouble.tolist(), *levels.drift.ravel().tolist()}


def test_draw_levels_drift_is_one_on_average_and_remembers_the_week_before() -> None:
    drift = np.log(small_world(size=MANY, place=Place(drift_phi=0.9, drift_sigma=0.35)).levels.drift)

    assert 1.0 == pytest.approx(np.exp(drift).mean(), abs=0.05)
    assert 0.9 == pytest.approx(np.corrcoef(drift[:, :-1].ravel(), drift[:, 1:].ravel())[0, 1], abs=0.03)


def test_draw_levels_recorded_shares_keep_range_and_mean() -> None:
    seen = small_world(size=MANY, recording=Recording(seen_mean=0.6, seen_range=(0.2, 0.9))).levels.seen

    assert 0.2 <= seen.min() <= seen.max() <= 0.9
    assert 0.6 == pytest.approx(seen.mean(), abs=0.03)


def test_draw_levels_staff_of_a_part_is_its_share_of_the_grid() -> None:
    world = small_world(size=MANY.model_copy(update={"staff": (3.0, 3.0)}), redraw=Redraw(share=0.3))

    assert (3 * world.ground.exposure).tolist() == world.levels.staff.tolist()


@pytest.mark.parametrize(("share", "finite"), [(0.0, False), (1.0, True)])
def test_draw_levels_silence_comes_as_often_as_it_should(share: float, finite: bool) -> None:
    silent = small_world(recording=Recording(silent_share=share)).levels.silent_from

    assert {finite} == set(np.isfinite(silent).tolist())


def test_draw_levels_parts_of_one_grid_fall_silent_together() -> None:
    world = small_world(size=MANY, redraw=Redraw(share=0.5), recording=Recording(silent_share=1.0))
    by_grid = {}
    for grid, day in zip(world.ground.before.tolist(), world.levels.silent_from.tolist(), strict=True):
        by_grid.setdefault(grid, set()).add(day)

    assert {1} == {len(days) for days in by_grid.values()}
    assert len(by_grid) < world.ground.parts


def test_base_rates_come_to_so_many_a_year_in_a_grid() -> None:
    world = small_world(size=MANY)
    rates = base_rates(10.0, DISPUTE_MIX, world.levels, world.ground, world.preset.place, np.random.default_rng(1))

    assert (world.ground.parts, len(DISPUTE_MIX)) == rates.shape
    assert 10.0 == pytest.approx(rates.sum() * 365.25 / MANY.grids)


def test_base_rates_without_differences_follow_the_mix_of_the_area() -> None:
    world = small_world(place=ALIKE)
    rates = base_rates(10.0, DISPUTE_MIX, world.levels, world.ground, ALIKE, np.random.default_rng(1))
    area = world.ground.area_type[0]
    percent = np.array([mix[area] for mix in DISPUTE_MIX.values()])

    assert (10.0 / 365.25 * percent / percent.sum()).tolist() == pytest.approx(rates[0].tolist())


def test_base_rates_of_property_follow_the_trouble_of_the_place() -> None:
    world = small_world(place=Place(category_sigma=0))
    mix = {PROPERTY: (10.0,) * 4, "neighbor": (10.0,) * 4}
    rates = base_rates(10.0, mix, world.levels, world.ground, world.preset.place, np.random.default_rng(1))
    ratio = rates[:, 0] / rates[:, 1]

    assert (ratio / ratio[0]).tolist() == pytest.approx((world.levels.property_trouble / world.levels.property_trouble[0]).tolist())
