"""Undertakings of a district, and where and when they are felt."""

from dataclasses import replace

import numpy as np
import pytest

from features.simulation.plans import HANDOVER, KINDS, Plans, treat_estates
from features.simulation.preset import Effort, Projects, Shocks, Span
from tests.features.simulation.small import SPAN, small_world

NO_PROJECTS = Projects(rate=0.0, handover_rate=0.0)


def plans(seed: int = 1, **sections) -> Plans:
    return small_world(seed, **{"projects": NO_PROJECTS} | sections).plans


def test_make_plans_without_projects_nothing_is_felt() -> None:
    calm = plans()

    assert (0, {1.0}, {1.0}, {1.0}) == (
        len(calm.part), set(calm.projects_felt.ravel()), set(calm.property_felt.ravel()), set(calm.shocks_felt.ravel())
    )  # fmt: skip


def test_make_plans_project_is_felt_in_its_part_while_it_lasts() -> None:
    drawn = plans(projects=Projects(rate=0.6, handover_rate=0.0, days=14, factor=2.0, ring_factor=1.0))
    expected = np.ones_like(drawn.projects_felt)
    for part, start in zip(drawn.part, drawn.start, strict=True):
        expected[part, start // 7 : -(-(start + 14) // 7)] *= 2.0

    assert len(drawn.part) > 0
    assert expected.tolist() == drawn.projects_felt.tolist()


def test_make_plans_project_is_felt_less_beside_it() -> None:
    felt = plans(projects=Projects(rate=0.3, handover_rate=0.0, days=7, factor=1.0, ring_factor=1.5)).projects_felt

    assert {1.0, 1.5} <= set(felt.ravel().tolist())


def test_make_plans_handover_is_felt_by_property_alone() -> None:
    drawn = plans(projects=Projects(rate=0.0, handover_rate=0.9, handover_factor=4.0))

    assert {HANDOVER} == set(drawn.kind.tolist())
    assert {1.0} == set(drawn.projects_felt.ravel().tolist())
    assert 4.0 == drawn.property_felt[drawn.part[0], drawn.start[0] // 7]


def test_make_plans_every_kind_comes_and_begins_within_the_time() -> None:
    drawn = plans(projects=Projects(rate=100.0, handover_rate=10.0))

    assert set(range(len(KINDS))) == set(drawn.kind.tolist())
    assert 0 <= drawn.start.min() <= drawn.start.max() < SPAN.days


@pytest.mark.parametrize(("share", "expected"), [(0.0, {False}), (1.0, {True})])
def test_make_plans_assessments_come_as_often_as_they_should(share: float, expected: set[bool]) -> None:
    assert expected == set(plans(projects=Projects(rate=2.0, assessed=share)).assessed.tolist())


def test_make_plans_shock_fades_from_its_week_on() -> None:
    drawn = plans(shocks=Shocks(rate=2.0, factor=4.0, decay_days=30.0))
    place = int(np.flatnonzero(np.bincount(drawn.shocked)[drawn.shocked] == 1)[0])
    felt, first = drawn.shocks_felt[drawn.shocked[place]], drawn.shock_day[place] // 7

    assert [1.0] * first == felt[:first].tolist()
    assert (1 + 3 * np.exp(-7 * np.arange(len(felt) - first) / 30)).tolist() == pytest.approx(felt[first:].tolist())


def test_make_plans_shocks_change_nothing_that_was_drawn_before() -> None:
    calm, shaken = (plans(projects=Projects(), shocks=Shocks(rate=rate)) for rate in (0.0, 5.0))

    assert calm.start.tolist() == shaken.start.tolist()
    assert calm.campaign.tolist() == shaken.campaign.tolist()


@pytest.mark.parametrize(("campaigns", "weeks"), [((0, 0), 0), ((1, 1), 3)], ids=["none", "one a year"])
def test_make_plans_campaigns_last_their_weeks(campaigns: tuple[int, int], weeks: int) -> None:
    world = small_world(span=Span.of_years(1, SPAN.end), effort=Effort(campaigns=campaigns, campaign_weeks=(3, 3)))

    assert weeks == int(world.plans.campaign.sum())


def test_treat_estates_those_with_most_property_matters_from_halfway_on() -> None:
    calm = replace(plans(), property_felt=np.ones((3, 5)))
    treated = treat_estates(calm, Projects(treated_estates=2, treatment_factor=0.5), np.array([1.0, 3.0, 2.0]))

    assert [1, 2] == treated.treated.tolist()
    assert [[1] * 5, [1, 1, 0.5, 0.5, 0.5], [1, 1, 0.5, 0.5, 0.5]] == treated.property_felt.tolist()
    assert 1.0 == calm.property_felt.min()
