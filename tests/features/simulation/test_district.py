"""One simulated district: streams of matters, and rows of everything that was reported."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.schema import EventType
from features.simulation.dispute_numbers import Contagion
from features.simulation.district import Stream, happen, make_stream, weekly_rates
from features.simulation.mix import DISPUTE_MIX
from features.simulation.place import PROPERTY
from features.simulation.plans import FELT_IN, SHOCKED
from features.simulation.preset import Rates
from tests.features.simulation.small import small_district, small_world

WORLD = small_world()
CALM = replace(
    WORLD,
    plans=replace(
        WORLD.plans, **{name: np.ones_like(getattr(WORLD.plans, name)) for name in ("projects_felt", "property_felt", "shocks_felt")}
    ),
)
DRIFT = np.ones_like(WORLD.levels.drift)


def stream(**other: bool) -> Stream:
    return make_stream(WORLD, 5.0, DISPUTE_MIX, np.random.default_rng(1), **other)


def test_make_stream_leaves_out_what_others_bring_on() -> None:
    rules = Contagion(own=0.2, ring=0.1)
    world = small_world(contagion=rules)
    base = make_stream(world, 5.0, DISPUTE_MIX, np.random.default_rng(1)).base

    assert 5.0 * 0.7 * 6 == pytest.approx(base.sum() * 365.25)


def test_weekly_rates_of_a_calm_district_are_the_base_by_the_calendar() -> None:
    disputes = stream()
    expected = disputes.base[:, None, :] * disputes.clock.by_week().T[None]

    assert expected.tolist() == weekly_rates(disputes, CALM, DRIFT).tolist()


@pytest.mark.parametrize(
    ("what", "kinds"),
    [("projects_felt", FELT_IN), ("property_felt", {PROPERTY}), ("shocks_felt", SHOCKED)],
    ids=["projects", "hand-overs", "shocks"],
)
def test_weekly_rates_plans_raise_their_own_categories_alone(what: str, kinds: set[str]) -> None:
    disputes = stream()
    stirred = replace(CALM, plans=replace(CALM.plans, **{what: np.full_like(DRIFT, 2.0)}))
    usual, more = (weekly_rates(disputes, world, DRIFT).sum(axis=(0, 1)) for world in (CALM, stirred))

    assert [2.0 if kind in kinds else 1.0 for kind in disputes.kinds] * usual == pytest.approx(more)


def test_happen_found_twice_as_often_comes_about_twice_as_often() -> None:
    hazards = make_stream(WORLD, 500.0, {"fire_safety": (1.0,) * 4}, np.random.default_rng(1), requests=True)
    once, twice = (len(happen(hazards, CALM, np.random.default_rng(1), found)) for found in (1.0, 2.0))

    assert 2.0 == pytest.approx(twice / once, rel=0.15)


def test_make_district_has_rows_of_every_type() -> None:
    cases = small_district(rates=Rates(all_events=100.0, petition=20.0)).cases

    assert {kind.value for kind in EventType} - {"other"} == set(cases["event_type"])


def test_make_district_where_others_are_all_records_has_no_requests() -> None:
    """3.25 + 3.6 + 20 + 4.5 + 4.5 records a year."""
    cases = small_district(rates=Rates(all_events=35.85, petition=20.0)).cases

    assert "petition" in set(cases["event_type"])
    assert "service_request" not in set(cases["event_type"])


def test_make_district_major_harm_calls_the_police() -> None:
    district = small_district(rates=Rates(all_events=900.0, dispute=400.0))
    harmed = int(district.fates.strict.sum())

    assert harmed > 0
    assert harmed == district.cases.filter(pl.col("category") == "injury_call").height


def test_make_district_shows_recorded_disputes_and_those_that_surfaced() -> None:
    district = small_district(rates=Rates(all_events=900.0, dispute=200.0))
    shown = district.cases.drop_nulls("dispute")["dispute"].to_list()

    assert np.flatnonzero(district.records.shown).tolist() == shown
    assert len(shown) < len(district.disputes)


def test_make_district_another_seed_is_another_district() -> None:
    assert small_district(1).cases.equals(small_district(1).cases)
    assert not small_district(1).cases.equals(small_district(2).cases)
