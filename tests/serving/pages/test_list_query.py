"""Lists of two targets on one day: what is shown, and what stays chosen from page to page."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from serving.rankings.entries import Body, Entry
from serving.rankings.ledger import Also, newest, publish, read_body
from serving.rankings.publishing import hold
from tests.serving.pages.test_command_view import LISTED, people
from tests.support.published_world import AS_OF, PUBLISHED_AT, World

PRIORITY = '"attention_level":"priority"'
CHOICES = re.compile(r'<option value="(\w+)"( selected)?>')


def _publish_other_target(world: World, also: Also | None = None) -> None:
    """Publish, after the list of escalations, one of major harm on which no grid stands out."""
    entry = _list_of(world, "escalation")
    calm: Body = {
        level: tuple(replace(row, body=row.body.replace(PRIORITY, '"attention_level":"watch"')) for row in rows)
        for level, rows in read_body(world.engine, entry).items()
    }
    publish(world.engine, replace(entry.origin, target="strict"), calm, PUBLISHED_AT + timedelta(minutes=5), also)


@pytest.fixture
def two_targets(own_world: World) -> World:
    _publish_other_target(own_world)
    return own_world


def _list_of(world: World, target: str) -> Entry:
    entry = newest(world.engine, AS_OF, target)
    assert entry is not None
    return entry


def test_each_target_of_a_day_can_be_chosen_and_is_named(two_targets: World) -> None:
    with people(two_targets, "centre") as (get,):
        newest_page, chosen = get("/"), get("/?target=strict")

    assert dict(CHOICES.findall(newest_page)) == {"escalation": " selected", "strict": ""}
    assert dict(CHOICES.findall(chosen)) == {"escalation": "", "strict": " selected"}
    assert "未来14天预计升级" in newest_page
    assert "未来14天预计重大危害" in chosen
    assert LISTED.findall(chosen) == []


def test_a_chosen_target_stays_chosen_from_the_screen_to_a_grid_and_the_whole_list(two_targets: World) -> None:
    first = [row for row in read_body(two_targets.engine, _list_of(two_targets, "escalation"))["grid"] if PRIORITY in row.body]
    with people(two_targets, "centre") as (get,):
        screen = get("/?target=escalation")
        listed = re.findall(r'href="(/grids/\w+\?target=escalation)"><b>', screen)
        grid_page, every_grid = get(listed[0]), get("/grids?target=escalation")
        of_other = get(listed[0].replace("escalation", "strict"))

    assert len(listed) == len(first) > 0
    assert "14天预计升级" in grid_page
    assert "14天预计重大危害" in of_other
    assert re.findall(r'<a class="btn" href="/export\?[^"]*target=escalation', screen)
    assert listed[0] in every_grid


def test_target_whose_list_waits_for_its_release_is_not_offered(own_world: World, enter_own) -> None:
    _publish_other_target(own_world, lambda connection, entry: hold(connection, entry.id, PUBLISHED_AT))

    assert 'name="target"' not in enter_own("centre").get("/").text


def test_one_target_alone_offers_no_choice(enter) -> None:
    assert 'name="target"' not in enter("centre").get("/").text


def test_target_without_a_list_is_told(enter) -> None:
    assert [enter("centre").get(f"{path}?target=nothing").status_code for path in ("/", "/grids", "/changes")] == [404] * 3
