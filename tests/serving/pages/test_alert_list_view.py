"""The work list as a page: all of it reachable, light, filtered, signed for in bulk."""

import re

import pytest
from sqlalchemy import insert, select

from features.database.alert_tables import alert, alert_transition
from features.database.engine import writing
from features.database.tables import grid
from serving.pages.alert_list_view import PAGE_SIZE
from tests.support.people import TOWNSHIP, flat, token_of
from tests.support.published_world import World

MANY = 154
LIGHT = 60_000


@pytest.fixture
def busy_world(own_world: World) -> World:
    """154 open alerts of one township, whose grids have long names."""
    with writing(own_world.engine) as connection:
        known = connection.execute(select(alert).where(alert.c.path.startswith(TOWNSHIP))).mappings().all()
        parent = known[0]["path"].rpartition("/")[0]
        for number in range(MANY - len(known)):
            grid_id = f"extra{number:03}"
            connection.execute(insert(grid), {"grid_id": grid_id, "name": f"示例街道滨河社区第{number}网格", "parent_path": parent})
            path = f"{parent}/{grid_id}"
            row = {**known[0], "alert_id": f"{number:016x}", "grid_id": grid_id, "path": path, "owner": path}
            connection.execute(insert(alert), row)
            step = {"alert_id": row["alert_id"], "version": 1, "action": "raised", "state": "published", "reason": "score"}
            connection.execute(insert(alert_transition), step | {"owner": row["owner"], "actor_id": "operator", "at": row["raised_at"]})
    return own_world


def listed(page: str) -> list[str]:
    return re.findall(r'<a href="/alerts/([0-9a-f]{16})"', page)


def test_all_of_154_alerts_are_reached_by_following_the_pages(busy_world, enter_own) -> None:
    worker = enter_own("worker")
    address: str | None = "/alerts"
    seen: list[str] = []
    while address:
        page = worker.get(address).text
        seen += listed(page)
        after = re.search(r'href="(/alerts\?[^"]*page=\d+)">下一页', page)
        address = after[1].replace("&amp;", "&") if after else None

    assert len(seen) == len(set(seen)) == MANY
    assert f"未销号 <b>{MANY}</b>" in page
    assert f"共{MANY}条" in page


def test_list_page_with_all_that_it_loads_is_light(busy_world, enter_own) -> None:
    worker = enter_own("worker")
    page = worker.get("/alerts")
    loaded = [worker.get(address).content for address in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))]

    assert len(listed(page.text)) == PAGE_SIZE
    assert len(page.content) + sum(map(len, loaded)) < LIGHT


def test_search_and_filters_narrow_the_list(busy_world, enter_own) -> None:
    worker = enter_own("worker")

    assert "共1条" in worker.get("/alerts?q=extra007").text
    assert "共1条" in worker.get("/alerts?q=第42网格").text
    assert "没有符合条件的预警提示" in worker.get("/alerts?q=nowhere").text
    assert worker.get("/alerts?part=everything").status_code == 422


def test_ticked_alerts_are_signed_for_at_once_and_stale_ones_are_counted(busy_world, enter_own) -> None:
    worker = enter_own("worker")
    page = flat(worker.get("/alerts").text)
    tags = re.findall(r'name="tag" value="([^"]+)"', page)[:3]
    key = re.findall(r'name="key" value="([^"]+)"', page)[0]
    form = {"csrf": token_of(page), "key": key, "reason": "under_way", "tag": [*tags[:2], tags[2].replace("-1", "-9")]}

    answer = worker.post("/alerts/sign", data=form)

    assert answer.headers["location"] == "/alerts?signed=2&refused=1"
    after = worker.get(answer.headers["location"]).text
    assert "已签收2条。 1条情况已有更新，未签收。" in after
    assert f"待签收 <b>{MANY - 2}</b>" in after
