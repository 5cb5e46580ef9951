"""The usual level: a grid's own rate, steadied by the areas above it."""

import numpy as np
import pytest

from features.panel.as_ofs import AsOfs
from features.panel.block import usual_rate
from features.panel.channels import TARGET, Channel
from tests.support.event_logs import Case, days, draw_cases, make_facts

DISTRICT = {f"g{number:03}": f"D/T{number % 7}/C{number % 23}" for number in range(120)}


def rates(facts, *as_ofs):
    return usual_rate(facts, AsOfs(days(*as_ofs), 14), Channel(TARGET))


def escalated(grid, day):
    return Case(grid, day, moves=(("escalated", day),))


@pytest.fixture(scope="module")
def facts():
    return make_facts(draw_cases(np.random.default_rng(1), 3000, list(DISTRICT), 600), grids=DISTRICT)


def test_usual_rate_lies_between_the_grids_own_and_the_districts():
    cases = [escalated("a", day) for day in range(0, 200, 4)] + [escalated("d", 3)]
    found = rates(make_facts(cases), 200)[0]
    own, district = np.array([50, 0, 0, 1]) / 200, 51 / 800

    assert (np.minimum(own, district) < found + 1e-6).all()
    assert (found < np.maximum(own, district) + 1e-6).all()
    assert 0 == found.argmax()


def test_usual_rate_silent_district_is_small_and_above_zero():
    found = rates(make_facts([Case("a", 1)]), 100)

    assert ((found > 0) & (found < 1e-4)).all()


def test_usual_rate_forgets_after_a_year():
    cases = [escalated("b", 380), *(escalated("a", day) for day in range(14))]

    assert rates(make_facts([escalated("b", 380), Case("a", 0)]), 379 + 14).tolist() == rates(make_facts(cases), 379 + 14).tolist()


def test_usual_rate_same_past_is_the_same_in_every_district_of_the_world():
    """Two grids of equal history in equal areas have one level."""
    found = rates(make_facts([escalated("a", 5), escalated("b", 5), escalated("c", 9)]), 100)[0]

    assert found[0] == found[1]


def test_usual_rate_of_one_as_of_is_that_of_many_to_the_last_bit(facts):
    as_ofs = list(range(40, 600, 7))
    many = rates(facts, *as_ofs)

    assert [] == [as_of for at, as_of in enumerate(as_ofs) if rates(facts, as_of)[0].tobytes() != many[at].tobytes()]


def test_usual_rate_later_escalations_change_nothing(facts):
    past = [escalated("a", day) for day in (3, 50, 90)]

    assert rates(make_facts(past), 100).tobytes() == rates(make_facts([*past, escalated("a", 100), escalated("d", 101)]), 100).tobytes()
