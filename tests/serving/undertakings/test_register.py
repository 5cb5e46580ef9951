"""The register of undertakings: entered and ended within one's own area, seen where they lie."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import grid, undertaking_review
from features.errors import ForbiddenError, NotFoundError, UsageError
from features.undertakings.undertaking import Undertaking
from serving.accounts.permissions import Scope
from serving.undertakings.register import (
    NOTHING,
    Estimate,
    Placed,
    begun_or_ahead,
    end_undertaking,
    enter_undertaking,
    list_undertakings,
    newest_numbers,
    read_review,
    say_followed,
    say_helped,
)
from tests.serving.alerts.conftest import COMMAND, NOW, STRANGER, TOWNSHIP, WORKER

TODAY = NOW.date()
PROJECT = Undertaking("", "project", "construction", "a", TODAY, TODAY + timedelta(days=10), name="地铁2号线")


@pytest.fixture
def placed(engine):
    """Return a database with grid a in township d/t1 and grid b in d/t2."""
    with writing(engine) as connection:
        connection.execute(
            insert(grid), [{"grid_id": name, "name": "", "parent_path": path} for name, path in (("a", "d/t1"), ("b", "d/t2"))]
        )
    return engine


def listed(engine, actor, today=TODAY) -> list[str]:
    return [each.undertaking.undertaking_id for each in list_undertakings(engine, actor, today)]


def test_undertaking_is_seen_by_accounts_of_its_places_alone(placed):
    entered = enter_undertaking(placed, TOWNSHIP, PROJECT, NOW)

    assert [[entered.undertaking_id]] * 2 == [listed(placed, actor) for actor in (TOWNSHIP, COMMAND)]
    assert [] == listed(placed, STRANGER)
    assert [entered] == [each.undertaking for each in begun_or_ahead(placed, Scope("d/t1/a"), TODAY)]


def test_undertaking_that_is_not_public_yet_is_for_those_who_enter_them(placed):
    entered = enter_undertaking(placed, TOWNSHIP, replace(PROJECT, public_at=TODAY + timedelta(days=5)), NOW)
    worker = replace(WORKER, scope=Scope("d/t1/a"))

    assert ([entered.undertaking_id], []) == (listed(placed, TOWNSHIP), listed(placed, worker))
    assert [entered.undertaking_id] == listed(placed, worker, TODAY + timedelta(days=5))
    assert [] == begun_or_ahead(placed, Scope(""), TODAY)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "party"}, "kind must be one of"),
        ({"sub_kind": "fire"}, "sub_kind of a project"),
        ({"end_at": PROJECT.start_at}, "must follow start_at"),
        ({"name": "联系人13800138000"}, "may not identify a person"),
        ({"name": "字" * 61}, "at most 60 characters"),
        ({"attention": 5.0}, "attention must lie in 0.25 to 4"),
        ({"places": "a;nowhere"}, "and nowhere are not"),
    ],
)
def test_undertaking_that_does_not_fit_is_refused_and_not_stored(placed, changed, message):
    with pytest.raises(UsageError, match=message):
        enter_undertaking(placed, COMMAND, replace(PROJECT, **changed), NOW)

    assert [] == listed(placed, COMMAND)


@pytest.mark.parametrize(("actor", "places"), [(TOWNSHIP, "b"), (TOWNSHIP, "a;b"), (TOWNSHIP, ""), (WORKER, "a")])
def test_undertaking_beyond_one_s_area_or_right_is_refused(placed, actor, places):
    with pytest.raises(ForbiddenError):
        enter_undertaking(placed, actor, replace(PROJECT, places=places), NOW)


def test_sub_kind_of_a_deployment_of_its_own_is_taken(placed):
    entered = enter_undertaking(placed, TOWNSHIP, replace(PROJECT, sub_kind="metro"), NOW, declared=("metro",))

    assert "metro" == entered.sub_kind


def test_end_of_one_under_way_keeps_it_and_of_one_ahead_calls_it_off(placed):
    begun = enter_undertaking(placed, TOWNSHIP, replace(PROJECT, start_at=TODAY - timedelta(days=3)), NOW)
    ahead = enter_undertaking(placed, TOWNSHIP, PROJECT, NOW)
    ended = end_undertaking(placed, TOWNSHIP, begun.undertaking_id, TODAY, NOW)
    called_off = end_undertaking(placed, TOWNSHIP, ahead.undertaking_id, TODAY, NOW)

    assert ((TODAY, False), True) == ((ended.end_at, ended.withdrawn), called_off.withdrawn)
    assert [begun.undertaking_id] == listed(placed, TOWNSHIP)
    assert [] == begun_or_ahead(placed, Scope(""), TODAY)
    with pytest.raises(UsageError, match="must not have ended before"):
        end_undertaking(placed, TOWNSHIP, begun.undertaking_id, TODAY, NOW)


def test_end_of_a_foreign_one_is_not_found_and_of_a_wider_one_forbidden(placed):
    own = enter_undertaking(placed, TOWNSHIP, PROJECT, NOW)
    wide = enter_undertaking(placed, COMMAND, replace(PROJECT, places="a;b"), NOW)

    with pytest.raises(NotFoundError):
        end_undertaking(placed, STRANGER, own.undertaking_id, TODAY, NOW)
    with pytest.raises(ForbiddenError):
        end_undertaking(placed, STRANGER, wide.undertaking_id, TODAY, NOW)


def test_newest_numbers_change_with_every_version_and_estimate(placed):
    numbers = [newest_numbers(placed)]
    entered = enter_undertaking(placed, TOWNSHIP, PROJECT, NOW)
    numbers.append(newest_numbers(placed))
    end_undertaking(placed, TOWNSHIP, entered.undertaking_id, TODAY, NOW)
    numbers.append(newest_numbers(placed))
    body = json.dumps({"helped/acting": {"cannot_tell": "few_drawn"}})
    with writing(placed) as connection:
        connection.execute(insert(undertaking_review), {"as_of": TODAY, "at": NOW, "body": body})
    numbers.append(newest_numbers(placed))

    assert 4 == len(set(numbers))
    assert "无法判断：随机抽到的网格不足30个。" == say_helped(read_review(placed).of("helped", "acting")).zh


@pytest.mark.parametrize(
    ("paths", "scope", "touches", "lies_in"),
    [
        (("d/t1/a",), Scope("d/t1"), True, True),
        (("d/t1",), Scope("d/t1/a"), True, False),
        (("d/t1/a", "d/t2/b"), Scope("d/t1"), True, False),
        (("d/t1",), Scope("d/t2"), False, False),
        ((), Scope("d/t1"), True, False),
        ((), Scope(""), True, True),
        ((), Scope("", "labour"), False, False),
    ],
)
def test_undertaking_touches_what_it_shares_and_lies_in_what_holds_all_of_it(paths, scope, touches, lies_in):
    placed = Placed(PROJECT, paths)

    assert (touches, lies_in) == (placed.touches(scope), placed.lies_in(scope))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.4, 0.9, "Helped"), (1.1, 2.0, "More than before"), (0.8, 1.2, "No difference seen"), (0.5, 1.0, "No difference seen")],
)
def test_helped_is_said_by_the_whole_interval(low, high, verdict):
    assert say_helped(Estimate(ratio=0.9, low=low, high=high, units=24)).en.startswith(f"{verdict}: 0.90 times")


@pytest.mark.parametrize("say", [say_followed, say_helped])
def test_what_cannot_be_told_says_why(say):
    assert NOTHING == say(None) == say(Estimate(cannot_tell="unheard of"))
    assert "Cannot be told: fewer than 20 cases." == say(Estimate(cannot_tell="few_cases")).en


def test_date_of_the_review_is_that_of_the_newest(placed):
    assert read_review(placed) is None
    with writing(placed) as connection:
        connection.execute(insert(undertaking_review), [{"as_of": date(2026, 1, day), "at": NOW, "body": "{}"} for day in (1, 8)])

    assert date(2026, 1, 8) == read_review(placed).as_of
