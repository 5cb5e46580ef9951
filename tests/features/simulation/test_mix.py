"""How kinds of matters mix in areas: shares of a whole, and codes that a log may hold."""

import pytest

from features.schema import DISPUTE_CATEGORIES
from features.simulation.mix import (
    AREA_TYPES,
    DISPUTE_MIX,
    ENVIRONMENT_MIX,
    HAZARD_MIX,
    INJURY_CALL,
    OWN_CATEGORIES,
    PETITION_MIX,
    REQUEST_MIX,
)

MIXES = {"dispute": DISPUTE_MIX, "request": REQUEST_MIX, "hazard": HAZARD_MIX, "environment": ENVIRONMENT_MIX, "petition": PETITION_MIX}


@pytest.mark.parametrize("name", ["dispute", "request", "hazard", "environment"])
def test_shares_of_every_type_of_area_are_those_of_a_whole(name: str) -> None:
    assert [100] * len(AREA_TYPES) == [sum(shares) for shares in zip(*MIXES[name].values(), strict=True)]


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_shares_are_of_every_type_of_area_and_none_is_below_nothing(mix) -> None:
    assert {len(AREA_TYPES)} == {len(shares) for shares in mix.values()}
    assert all(share >= 0 for shares in mix.values() for share in shares)
    assert all(any(shares) for shares in mix.values())


def test_disputes_and_petitions_have_the_categories_of_the_project() -> None:
    assert set(DISPUTE_CATEGORIES) == set(DISPUTE_MIX)
    assert set(PETITION_MIX) < set(DISPUTE_MIX)


def test_codes_to_declare_are_those_that_the_project_lacks_each_once() -> None:
    used = {category for mix in MIXES.values() for category in mix} | {INJURY_CALL}

    assert used == set(OWN_CATEGORIES) | (used & set(DISPUTE_CATEGORIES))
    assert set() == set(OWN_CATEGORIES) & set(DISPUTE_CATEGORIES)
    assert sorted(set(OWN_CATEGORIES)) == list(OWN_CATEGORIES)
