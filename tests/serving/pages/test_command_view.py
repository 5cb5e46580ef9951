"""The command screen: lists, marks, ranks, backlog and sources agree with each other, with the clock and with what a reader may see."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from features.database.alert_tables import alert
from features.database.engine import reading
from serving.accounts.accounts import accounts
from serving.alerts.transitions import TransitionRequest, take_step
from serving.app import create_app
from serving.briefs import desk
from serving.rankings.ledger import newest, read_body
from serving.server import list_cache
from tests.serving.pages.test_pages import alerts_below
from tests.support.people import NOW, OTHER, TOWNSHIP, flat
from tests.support.published_world import AS_OF, World
from tests.support.visitors import PASSWORD, Clock

LISTED = re.compile(r'<a href="/grids/(\w+)"><b>')
NEW = re.compile(r'<a href="/grids/(\w+)"><b>(?:(?!</tr>).)*?<span class="new">', re.DOTALL)
MARKS = re.compile(r'class="mark"')
CLOSE = TransitionRequest("close", "calm", 1, "key-of-close")


@contextmanager
def people(world: World, *names: str, now: datetime = NOW) -> Iterator[list[Callable[[str], str]]]:
    """Sign several people in to one application, so that they share what it keeps, and yield what gets each of them a page."""
    app = create_app(world.settings, world.home, Clock(now))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:

        def enter(name: str) -> Callable[[str], str]:
            client.cookies.clear()
            assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
            secret = dict(client.cookies)

            def get(address: str) -> str:
                client.cookies.clear()
                client.cookies.update(secret)
                return client.get(address).text

            return get

        yield [enter(name) for name in names]


def rows_of(world: World, day=AS_OF) -> dict[str, dict]:
    """Return the rated grids of a list, straight from the ledger."""
    bodies = (json.loads(row.body) for row in read_body(world.engine, newest(world.engine, day))["grid"])
    return {row["grid_id"]: row["score"] for row in bodies if row["score"]}


def priority(world: World, day=AS_OF) -> set[str]:
    return {grid_id for grid_id, score in rows_of(world, day).items() if score["attention_level"] == "priority"}


def test_list_of_today_holds_the_grids_of_the_headline_and_marks_the_new_ones(enter, seen_world) -> None:
    page = enter("centre").get("/").text
    now, before = priority(seen_world), priority(seen_world, AS_OF - timedelta(days=1))

    assert set(LISTED.findall(page)) == now != set()
    assert f"今天先看{len(now)}个重点关注网格" in page
    assert set(NEW.findall(page)) == now - before


@pytest.mark.parametrize("address", ["/", "/?show=chronic", "/?show=rising", "/?level=township", "/?show=rising&level=community"])
def test_every_number_of_a_list_stands_on_the_map(enter, seen_world, address: str) -> None:
    page = enter("centre").get(address).text

    assert len(MARKS.findall(page)) == len(LISTED.findall(page)) > 0


def test_tabs_tell_how_many_grids_each_list_has_and_pages_reach_them_all(enter, seen_world) -> None:
    centre = enter("centre")
    rising = {grid_id for grid_id, score in rows_of(seen_world).items() if score["rising"]}
    first = centre.get("/?show=rising")
    pages = [first.text, *(centre.get(f"/?show=rising&page={page}").text for page in range(2, len(rising) // 12 + 2))]

    assert re.search(rf'aria-current="true">正在上升 <b>{len(rising)}</b>', flat(first.text))
    assert {grid_id for page in pages for grid_id in LISTED.findall(page)} == rising
    assert centre.get("/?show=rising&page=99").status_code == 200


def test_ranks_have_one_denominator_for_all_readers(enter, seen_world) -> None:
    rated = len(rows_of(seen_world))
    _, grid_id = alerts_below(seen_world, TOWNSHIP)[0]

    for name in ("centre", "town"):
        assert f"（共{rated}）" in enter(name).get("/").text
        assert f"共{rated}，" in enter(name).get(f"/grids/{grid_id}").text


def test_readers_of_other_areas_share_nothing_of_a_board(seen_world) -> None:
    with people(seen_world, "centre", "town", "stranger") as (centre, town, stranger):
        for address in ("/", "/?show=areas", "/grids", "/changes"):
            seen = [set(re.findall(r'href="/grids/(\w+)"', get(address))) for get in (centre, town, stranger)]
            assert (address, seen[1] & seen[2]) == (address, set())
            assert (address, seen[1] | seen[2] <= seen[0]) == (address, True)
            assert OTHER not in town(address)
            assert TOWNSHIP not in stranger(address)
        whole = [len(set(re.findall(r'href="/grids/(\w+)"', get("/")))) for get in (centre, town, stranger)]

    assert whole == [40, 20, 20]


def test_areas_stand_in_the_order_of_codes_with_their_backlog(enter, seen_world) -> None:
    page = flat(enter("centre").get("/?show=areas").text)
    table = page[page.index("arealist") :]
    shown = re.findall(r'area=([\w%]+)[^"]*">[^<]*</a></th>((?:<td class="num">[\d.]+</td>)+)', table)
    open_alerts = [len(alerts_below(seen_world, f"{path}/")) for path in (TOWNSHIP, OTHER)]

    assert [path.replace("%2F", "/") for path, _ in shown] == [TOWNSHIP, OTHER]
    assert [int(re.findall(r">([\d.]+)<", cells)[3]) for _, cells in shown] == open_alerts


def test_area_without_areas_shows_its_grids_where_a_link_kept_the_table_of_areas(enter) -> None:
    """Links of the table of areas keep it, and a community has none below it."""
    kept, usual = (flat(enter("centre").get(f"/?area={TOWNSHIP}/990101001001{show}").text) for show in ("&show=areas", ""))

    assert "arealist" not in kept
    assert re.findall(r'href="/grids/(\w+)"', usual) == re.findall(r'href="/grids/(\w+)"', kept) != []


def test_past_day_shows_the_alerts_that_were_open_at_its_end(own_world) -> None:
    yesterday = AS_OF - timedelta(days=1)
    with reading(own_world.engine) as connection:
        raised = {row[0]: row[1] for row in connection.execute(select(alert.c.starts, func.count()).group_by(alert.c.starts))}
        first = connection.execute(select(alert.c.alert_id).where(alert.c.starts == yesterday)).scalars().first()
    with people(own_world, "centre") as (centre,):
        before = centre(f"/?date={yesterday}")
        take_step(
            own_world.engine, next(each.actor for each in accounts(own_world.engine) if each.actor.name == "centre"), first, CLOSE, NOW
        )
        after, now = centre(f"/?date={yesterday}"), centre("/")

    assert "当日未销号提示" in before
    for page in (before, after):
        assert f"共{raised[yesterday]}条" in page
    assert f"共{sum(raised.values()) - 1}条" in now


@pytest.mark.parametrize(("days", "fine"), [(0, "1/1正常"), (3.4, "0/1正常")])
def test_sources_are_judged_by_the_clock(seen_world, days: float, fine: str) -> None:
    with people(seen_world, "centre", now=NOW + timedelta(days=days)) as (centre,):
        page = centre("/")

    assert fine in page
    assert ("滞后3天" in page) == ("应有更新的清单" in page) == (days > 0)
    assert (page.count('<circle class="fill-series" cx="9"') == 0) == (days > 0)


def test_changes_name_who_entered_and_left_and_what_changed(enter, seen_world) -> None:
    page = enter("centre").get("/changes").text
    now, before = priority(seen_world), priority(seen_world, AS_OF - timedelta(days=1))
    parts = [page.index(f'id="changes_{name}"') for name in ("entered", "left", "stayed")] + [len(page)]
    named = [set(re.findall(r'href="/grids/(\w+)"', page[start:end])) for start, end in pairwise(parts)]

    assert named == [now - before, before - now, now & before]
    assert "2026年1月8日与2026年1月9日" in page
    assert enter("centre").get("/changes?date=2026-01-08").status_code == 404


def test_search_leads_to_the_one_grid_that_fits_or_lists_those_that_do(enter, seen_world) -> None:
    centre = enter("centre")
    _, grid_id = alerts_below(seen_world, TOWNSHIP)[0]
    level = "priority"

    assert centre.get(f"/grids?q={grid_id}").headers["location"] == f"/grids/{grid_id}"
    assert enter("stranger").get(f"/grids?q={grid_id}").status_code == 200
    assert set(re.findall(r'href="/grids/(\w+)"', centre.get(f"/grids?level={level}").text)) == priority(seen_world)
    assert "没有符合条件的网格" in centre.get("/grids?q=nowhere").text


def test_pages_are_compressed_when_asked_and_never_of_the_same_length(enter) -> None:
    centre = enter("centre")
    plain = centre.get("/", headers={"Accept-Encoding": "identity"})
    packed = [centre.get("/", headers={"Accept-Encoding": "gzip"}) for _ in range(8)]

    assert "content-encoding" not in plain.headers
    assert {answer.headers["content-encoding"] for answer in packed} == {"gzip"}
    assert int(packed[0].headers["content-length"]) < len(plain.content) / 3
    assert len({answer.headers["content-length"] for answer in packed}) > 1


def test_brief_reads_a_list_once_for_all_who_ask_for_it(enter, monkeypatch) -> None:
    centre, town, read = enter("centre"), enter("town"), []
    for module in (desk, list_cache):
        monkeypatch.setattr(module, "read_body", lambda engine, entry: read.append(entry.ranking_id) or read_body(engine, entry))

    first, second = centre.get("/brief").text, centre.get("/brief").text

    assert first.count("重点关注") == second.count("重点关注") > 0
    assert len(read) == len(set(read)) <= 2
    assert town.get("/brief").status_code == 200
