"""Districts in which projects, treatments and shocks matter, and one in which there are as many and none of them does."""

import numpy as np
import polars as pl
import pytest

from features.schema import EventType
from features.simulation.context import project_table, undertaking_table
from features.simulation.district import District, make_district
from features.simulation.plans import FELT_IN
from features.simulation.preset import Span
from features.simulation.simulate import PRESETS
from tests.support.acceptance import END

DAYS = 3 * 365


def times_as_many(district: District, categories: frozenset[str], moments: tuple[np.ndarray, np.ndarray], days: int) -> float:
    """Return how many times as many disputes of these categories began within days after the moments as over the whole time."""
    part, start = moments
    kinds = np.isin(np.array(district.stream.kinds)[district.disputes.kind], sorted(categories))
    rows = np.flatnonzero(kinds)
    rate = np.bincount(district.disputes.part[rows], minlength=district.world.ground.parts) / DAYS
    age = district.disputes.time[rows][:, None] - start[None]
    near = (district.disputes.part[rows][:, None] == part[None]) & (age >= 0) & (age < days)
    return float(near.sum() / (rate[part] * days).sum())


@pytest.fixture(scope="module", params=["undertakings", "unmoved"])
def made(request: pytest.FixtureRequest) -> tuple[str, District]:
    return request.param, make_district(PRESETS[request.param], Span.of_years(3, END), "990101", np.random.default_rng(1))


def test_projects_raise_their_categories_around_the_start_or_not_at_all(made: tuple[str, District]) -> None:
    name, district = made
    plans = district.world.plans
    sites = plans.kind < 3
    times = times_as_many(district, FELT_IN, (plans.part[sites], plans.start[sites]), 42)

    assert times > 2 if name == "undertakings" else 0.7 < times < 1.4


def test_shocks_raise_their_categories_or_not_at_all(made: tuple[str, District]) -> None:
    name, district = made
    plans = district.world.plans
    felt = plans.shocks_felt[plans.shocked, plans.shock_day // 7]

    assert len(plans.shocked) > 20
    assert (felt >= 4).all() if name == "undertakings" else (plans.shocks_felt == 1).all()


def test_treatments_lower_property_matters_or_not_at_all(made: tuple[str, District]) -> None:
    name, district = made
    felt = district.world.plans.property_felt[district.world.plans.treated]
    calls = district.cases.filter(pl.col("event_type") == EventType.DISPUTE, pl.col("category") == "property_mgmt")

    assert len(calls) > 100
    assert felt[:, -1].mean() / felt[:, 0].mean() == pytest.approx(0.5 if name == "undertakings" else 1.0, abs=0.3)


def test_undertaking_table_is_a_flat_undertaking_file(made: tuple[str, District]) -> None:
    _, district = made
    table = undertaking_table(district.world, "990101")

    assert table.columns == ["undertaking_id", "kind", "sub_kind", "places", "public_at", "start_at", "end_at"]
    assert set(table["kind"]) == {"treatment", "shock"}
    assert set(table["places"]) <= set(district.world.ground.grids["grid_id"])
    assert table["undertaking_id"].is_unique().all()
    assert (table["public_at"] <= table["start_at"]).all()


def test_project_table_says_which_were_assessed(made: tuple[str, District]) -> None:
    _, district = made
    assert 0.5 < project_table(district.world, "990101")["assessed"].mean() < 0.9
