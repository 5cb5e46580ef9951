"""The list that a page shows: its target, which stays chosen from page to page, its area and its address."""

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import ClassVar

import pytest
from pydantic import ValidationError

from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.maps.place_names import Gazetteer
from serving.pages.list_query import BoardQuery, ListQuery, area_tree, count_rated, find_area, name_crumbs
from serving.rankings.entries import Body, Entry
from serving.rankings.ledger import Also, newest, publish, read_body
from serving.rankings.publishing import hold
from serving.rankings.schemas import AreaRow
from tests.serving.pages.test_command_view import LISTED, people
from tests.support.made_alerts import make_row
from tests.support.people import flat
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
        newest_page, chosen = flat(get("/")), flat(get("/?target=strict"))

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


@pytest.mark.parametrize(
    ("given", "changed", "expected"),
    [
        ({}, {}, "/"),
        ({"page": 3}, {}, "/"),
        ({"show": "rising", "page": 3}, {"page": 4}, "/?show=rising&page=4"),
        ({"area": "d/t1", "show": "rising"}, {"show": "attention"}, "/?area=d%2Ft1"),
        ({"target": "strict"}, {"date": "2026-01-09"}, "/?target=strict&date=2026-01-09"),
    ],
)
def test_address_names_what_is_not_usual_alone(given, changed, expected) -> None:
    assert expected == BoardQuery(**given).address(**changed)


def test_address_of_a_grid_keeps_the_target_that_was_chosen() -> None:
    assert ("/grids/g%2F1", "/grids/g1?target=strict") == (ListQuery().grid_address("g/1"), ListQuery(target="strict").grid_address("g1"))


@pytest.mark.parametrize("wrong", [{"page": 0}, {"show": "all"}, {"level": "street"}, {"unknown": "1"}])
def test_query_that_is_none_is_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        BoardQuery(**wrong)


def area_row(path: str, grids: int) -> AreaRow:
    return AreaRow(path=path, grids=grids, not_rated=0, expected_escalations=1.0, usual_level=1.0, priority=0, elevated=0, watch=0)


class Listed:
    """A published list of two townships in one district, with four grids of which one is not rated."""

    rows: ClassVar = {
        "district": [area_row("d", 4)],
        "township": [area_row(f"d/t{number}", 2) for number in (1, 2)],
        "community": [],
        "grid": [make_row(f"g{n}", n, township=f"d/t{1 + n % 2}") for n in (1, 2, 3)] + [make_row("g4", None, township="d/t1")],
    }

    def within(self, scope: Scope, level: str, node: str = "") -> list[bytes]:
        inside = scope.meet(Scope(node))
        placed = [(getattr(row, "path", None) or f"{row.township}/{row.grid_id}", row) for row in self.rows[level]]
        return [row.model_dump_json().encode() for path, row in placed if inside and inside.covers(path)]


DAY = SimpleNamespace(listed=Listed())
NAMES = Gazetteer(
    {"d/t1": "甲街道", "d/t1/c1": "滨河社区"},
    {"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格", "d/t2/c2/g3": "第3网格"},
)


@pytest.mark.parametrize(
    ("scope", "node", "expected"),
    [
        ("", None, ("d", 4)),
        ("d", None, ("d", 4)),
        ("d/t1", None, ("d/t1", 2)),
        ("", "d/t2", ("d/t2", 2)),
        ("d/t2", "d/t2/g1", ("d/t2/g1", 1)),
    ],
)
def test_find_area_begins_with_the_widest_that_is_more_than_a_wrapper(scope, node, expected) -> None:
    area = find_area(Scope(scope), DAY, node)

    assert expected == (area.node, len(area.rows))


@pytest.mark.parametrize(("scope", "node"), [("d/t1", "d/t2"), ("d/t1", "d"), ("", "d/t9"), ("e", None)])
def test_find_area_that_is_foreign_or_none_is_not_found(scope, node) -> None:
    with pytest.raises(NotFoundError):
        find_area(Scope(scope), DAY, node)


def test_area_knows_its_level_and_what_lies_one_step_down() -> None:
    district, township = find_area(Scope(""), DAY, "d"), find_area(Scope(""), DAY, "d/t1")

    assert ("district", "township", ["d/t1", "d/t2"]) == (district.level, district.child_level, [row.path for row in district.children])
    assert ("township", "community", [], "d/t1") == (township.level, township.child_level, list(township.children), township.own.path)


def test_crumbs_lead_to_an_area_through_what_its_reader_may_see() -> None:
    area = find_area(Scope("d/t1"), DAY, "d/t1")

    assert (("d/t1", "甲街道"),) == name_crumbs(area, Scope("d/t1"), NAMES)
    assert (("d", "d"), ("d/t1", "甲街道")) == name_crumbs(area, Scope(""), NAMES)


def test_count_rated_leaves_out_grids_without_a_score() -> None:
    assert 3 == count_rated(Listed())


def test_area_tree_leaves_out_a_lone_district_without_a_name() -> None:
    first, second = area_tree(NAMES)

    assert (("d/t1", "甲街道 t1"), ("d/t2", "t2")) == ((first.path, first.name), (second.path, second.name))
    assert ["第1网格 g1", "第2网格 g2"] == [grid.name for grid in first.below[0].below]
    assert first.holds("d/t1/c1/g1")
    assert not first.holds("d/t10/c1")


def test_area_tree_of_many_grids_ends_with_their_communities(monkeypatch) -> None:
    monkeypatch.setattr("serving.pages.list_query.MOST_GRIDS", 2)

    assert () == area_tree(NAMES)[0].below[0].below
