"""The command screen: who begins where, what its headline and its sources say, and what a screen shows next."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from features.database.engine import writing
from features.database.tables import grid
from serving.operations.health import Source
from serving.pages.list_query import BoardQuery
from serving.pages.routes.command import _headline, _next_view, _say_source
from serving.pages.translations import Translator
from tests.serving.pages.test_pages import alerts_below
from tests.support.people import OTHER, TOWNSHIP, flat
from tests.support.published_world import SETTINGS

TODAY, YESTERDAY = "2026-01-09", "2026-01-08"
THROUGH = datetime(2026, 1, 8, 16, tzinfo=UTC)
"""Midnight that ends the eighth in Shanghai."""


def board(*, pages: int = 1, chronic: int = 0, rising: int = 0, areas: tuple[str, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(areas=areas, board=SimpleNamespace(pages=pages, counts={"attention": 9, "chronic": chronic, "rising": rising}))


@pytest.mark.parametrize(("name", "begins"), [("worker", "/alerts"), ("labour", "/alerts"), ("auditor", "/corrections")])
def test_screen_sends_those_without_lists_where_their_work_begins(enter, name: str, begins: str) -> None:
    answer = enter(name).get("/")

    assert (begins, True) == (answer.headers["location"], answer.is_redirect)


@pytest.mark.parametrize(
    ("language", "today", "past", "valid"),
    [
        ("zh", "今天先看", "这一天的清单有", "适用1月9日至1月22日"),
        ("en", "Look first at", "The list of this day has", "For 01-09 to 01-22"),
    ],
)
def test_screen_says_of_which_days_it_is_and_no_today_of_an_older_list(enter, language: str, today: str, past: str, valid: str) -> None:
    """A list of 14 days from the ninth on is valid through the twenty-second."""
    centre = enter("centre", language=language)
    newest, older = (flat(centre.get(f"/?date={day}").text) for day in (TODAY, YESTERDAY))

    assert (True, False, True) == (today in newest, past in newest, valid in newest)
    assert (False, True, False) == (today in older, past in older, valid in older)


@pytest.mark.parametrize("query", ["date=2026-01-07", "target=nothing", f"area={TOWNSHIP}9"])
def test_screen_of_a_list_or_area_that_is_not_there_is_not_found(enter, query: str) -> None:
    assert 404 == enter("centre").get(f"/?{query}").status_code


@pytest.mark.parametrize("query", ["page=0", "show=everybody", "date=20260109", "level=street", "who=x"])
def test_screen_asked_for_what_it_does_not_know_refuses(enter, query: str) -> None:
    assert 422 == enter("centre").get(f"/?{query}").status_code


def test_figures_of_a_grid_are_plain_text_for_its_township_alone(enter, seen_world) -> None:
    _, grid_id = alerts_below(seen_world, TOWNSHIP)[0]
    address = f"/map/figures?date={TODAY}&grid={grid_id}"
    told = enter("town").get(address)

    assert (200, "text/plain") == (told.status_code, told.headers["content-type"].partition(";")[0])
    assert told.text.startswith(f"第{int(grid_id[-3:])}网格 · ")
    assert 404 == enter("stranger").get(address).status_code
    assert 404 == enter("centre").get(f"/map/figures?date={TODAY}&grid=nowhere").status_code
    assert 422 == enter("centre").get(f"/map/figures?grid={grid_id}").status_code


def test_map_of_grids_without_borders_is_not_found(own_world, enter_own) -> None:
    with writing(own_world.engine) as connection:
        connection.execute(update(grid).values(geometry=None))

    assert 404 == enter_own("centre").get("/map").status_code


def test_map_of_another_township_is_not_found(enter) -> None:
    assert [200, 404] == [enter("town").get(f"/map?area={area}").status_code for area in (TOWNSHIP, OTHER)]


@pytest.mark.parametrize(
    ("query", "view", "address"),
    [
        ({"page": 1}, board(pages=3), "/?page=2"),
        ({"page": 3}, board(pages=3, rising=1), "/?show=rising"),
        ({"page": 3}, board(pages=3), "/"),
        ({}, board(chronic=2, rising=1, areas=("d/t1",)), "/?show=chronic"),
        ({"show": "chronic"}, board(chronic=2, rising=1, areas=("d/t1",)), "/?show=rising"),
        ({"show": "rising"}, board(chronic=2, rising=1, areas=("d/t1",)), "/?show=areas"),
        ({"show": "areas"}, board(chronic=2, rising=1, areas=("d/t1",)), "/"),
        ({"show": "chronic"}, board(), "/"),
        ({"area": "d/t1"}, board(areas=("d/t1/c1",)), "/?area=d%2Ft1&show=areas"),
    ],
    ids=["next page", "last page", "nothing else", "chronic", "rising", "areas", "round", "emptied list", "area kept"],
)
def test_next_view_turns_every_page_then_each_list_that_holds_something(query, view, address: str) -> None:
    assert address == _next_view(BoardQuery(**query), view)


@pytest.mark.parametrize(
    ("count", "entered", "newest", "zh"),
    [
        (9, 2, True, "今天先看9个重点关注网格，其中2个新进入"),
        (9, 0, True, "今天先看9个重点关注网格"),
        (9, None, True, "今天先看9个重点关注网格"),
        (0, 0, True, "今天没有重点关注网格"),
        (0, 0, False, "这一天的清单有0个重点关注网格"),
        (9, 2, False, "这一天的清单有9个重点关注网格"),
    ],
    ids=["new ones", "none new", "first list", "calm", "past and calm", "past"],
)
def test_headline_says_today_of_the_newest_list_alone(count: int, entered: int | None, newest: bool, zh: str) -> None:
    view = SimpleNamespace(board=SimpleNamespace(totals=SimpleNamespace(levels={"3": count}, entered=entered)))

    assert zh == _headline(view, Translator("zh"), newest=newest)


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        (Source("a", None, 0, late=True), "尚无数据", "no data yet"),
        (Source("a", THROUGH, 0, late=False), "至1月8日 24:00", "to 01-08 24:00"),
        (Source("a", THROUGH, 3, late=True), "至1月8日 24:00 · 滞后3天", "to 01-08 24:00 · 3 days late"),
    ],
    ids=["never", "in time", "late"],
)
def test_source_says_the_end_of_its_last_day_and_how_late_it_is(source: Source, zh: str, en: str) -> None:
    said = [
        _say_source(source, SimpleNamespace(t=Translator(language), site=SimpleNamespace(settings=SETTINGS))) for language in ("zh", "en")
    ]

    assert [zh, en] == said
