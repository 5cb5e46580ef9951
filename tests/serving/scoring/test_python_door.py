"""Reasons and lists of a home, asked of the Python door."""

from datetime import timedelta

import pytest

import yujing
from features.errors import NotFoundError
from tests.support.published_world import AS_OF, World

pytestmark = pytest.mark.dialect("sqlite")


@pytest.fixture
def district(shared_world: World) -> yujing.District:
    return yujing.open(shared_world.home.root)


def test_explain_is_the_first_row_of_the_published_list_with_its_reasons(district: yujing.District) -> None:
    listed = district.rankings(first=AS_OF, until=AS_OF)
    first = listed[listed["rank"] == 1].iloc[0]
    explained = district.explain(first["grid_id"], AS_OF)
    score = explained["row"]["score"]

    assert (first["ranking_id"], first["grid_id"], 1) == (explained["ranking_id"], explained["row"]["grid_id"], score["rank"])
    assert first["expected_escalations"] == pytest.approx(score["expected_escalations"])
    assert explained["row"]["explanation"] is not None


def test_explain_day_without_a_list_is_computed_and_names_none(district: yujing.District) -> None:
    grid_id = district.rankings(first=AS_OF, until=AS_OF)["grid_id"].iloc[0]
    explained = district.explain(grid_id, AS_OF - timedelta(days=1))

    assert (None, grid_id) == (explained["ranking_id"], explained["row"]["grid_id"])


def test_explain_unknown_grid_says_how_many_there_are(district: yujing.District) -> None:
    with pytest.raises(NotFoundError, match=r"^grid_id must be one of the 40 grids of this target, got 'nowhere'\.$"):
        district.explain("nowhere", AS_OF)


def test_rankings_of_a_period_hold_its_first_and_last_day_and_no_others(district: yujing.District) -> None:
    week = timedelta(days=7)
    days = [
        set(district.rankings(first=first, until=until)["as_of"].astype(str))
        for first, until in ((AS_OF - week, AS_OF), (AS_OF - week + timedelta(days=1), None), (None, AS_OF - timedelta(days=1)))
    ]

    assert [{str(AS_OF - week), str(AS_OF)}, {str(AS_OF)}, {str(AS_OF - week)}] == days
