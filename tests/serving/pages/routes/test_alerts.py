"""Answering without scripts: plain forms, each answer taken once, and seen at the command centre."""

import re

from sqlalchemy import select

from features.database.alert_tables import correction
from features.database.engine import reading
from tests.serving.pages.test_pages import alerts_below
from tests.support.people import TOWNSHIP, flat, token_of


def fields_of(page: str) -> dict[str, str]:
    form = page[page.index('class="answer-bar"') :]
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', form)[0] for name in ("csrf", "key", "version")}


def test_staff_take_an_alert_from_reading_to_its_end(own_world, enter_own) -> None:
    worker, centre = enter_own("worker"), enter_own("centre")
    alert_id, grid_id = alerts_below(own_world, TOWNSHIP)[0]
    before = len(alerts_below(own_world, ""))
    assert f"共{before}条" in centre.get("/").text

    for action, reason, state in (("acknowledge", "visited", "已签收"), ("start", "mediation", "处置中"), ("close", "settled", "已销号")):
        page = worker.get(f"/alerts/{alert_id}").text
        taken = worker.post(f"/alerts/{alert_id}/answer", data=fields_of(page) | {"action": action, "reason": reason})
        assert taken.status_code == 303
        assert state in worker.get(f"/alerts/{alert_id}").text
    for done in ("<b>签收</b> 已走访", "<b>开始处置</b> 安排调解", "<b>销号</b> 已化解"):
        assert done in worker.get(f"/alerts/{alert_id}").text

    assert f"共{before - 1}条" in centre.get("/").text
    assert "已销号" in centre.get(f"/grids/{grid_id}").text


def test_answer_sent_twice_is_taken_once_and_a_stale_one_refused(own_world, enter_own) -> None:
    worker = enter_own("worker")
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    page = worker.get(f"/alerts/{alert_id}").text
    answer = fields_of(page) | {"action": "acknowledge", "reason": "phoned"}

    assert [worker.post(f"/alerts/{alert_id}/answer", data=answer).status_code for _ in range(2)] == [303, 303]
    assert worker.get(f"/alerts/{alert_id}").text.count("<b>签收</b>") == 1
    stale = answer | {"key": "another-key-of-16", "action": "not_needed", "reason": "no_need"}
    assert worker.post(f"/alerts/{alert_id}/answer", data=stale).status_code == 412


def test_visit_and_verdict_are_kept(own_world, enter_own) -> None:
    worker = enter_own("worker")
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    page = worker.get(f"/alerts/{alert_id}").text
    about = {"csrf": token_of(page), "key": fields_of(page)["key"]}
    group = re.findall(r'name="group" value="([^"]+)"', page)[0]

    assert worker.post(f"/alerts/{alert_id}/visit", data=about | {"found": "yes"}).status_code == 303
    assert worker.post(f"/alerts/{alert_id}/feedback", data=about | {"group": group, "verdict": "does_not"}).status_code == 303
    assert 'value="does_not" aria-pressed="true"' in flat(worker.get(f"/alerts/{alert_id}").text)


def test_visit_is_shown_as_recorded_and_a_second_one_within_a_minute_asks(own_world, enter_own) -> None:
    worker = enter_own("worker")
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]

    def tap(**given: str):
        page = worker.get(f"/alerts/{alert_id}").text
        about = {"csrf": token_of(page), "key": fields_of(page)["key"], "found": "no"}
        return worker.post(f"/alerts/{alert_id}/visit", data=about | given).headers["location"]

    assert tap() == f"/alerts/{alert_id}"
    assert worker.get(f"/alerts/{alert_id}").text.count("已登记走访：情况平稳") == 1
    asked = tap()
    assert asked == f"/alerts/{alert_id}?again=no#visit"
    assert "刚刚已登记过一次走访" in worker.get(asked).text
    assert worker.get(f"/alerts/{alert_id}").text.count("已登记走访") == 1
    assert tap(again="true") == f"/alerts/{alert_id}"
    assert worker.get(f"/alerts/{alert_id}").text.count("已登记走访") == 2


def test_data_wrong_asks_for_the_kind_of_fault_and_raises_a_correction(own_world, enter_own) -> None:
    worker = enter_own("worker")
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    page = worker.get(f"/alerts/{alert_id}").text
    worker.post(f"/alerts/{alert_id}/answer", data=fields_of(page) | {"action": "data_wrong", "reason": "place"})

    assert all(kind in page for kind in ("数量有误", "办结未登记", "归属网格有误", "网格边界有误"))
    with reading(own_world.engine) as connection:
        assert connection.execute(select(correction.c.alert_id, correction.c.reason)).all() == [(alert_id, "place")]


def test_correction_on_the_page_of_a_grid_is_kept(own_world, enter_own) -> None:
    worker = enter_own("worker")
    alert_id, grid_id = alerts_below(own_world, TOWNSHIP)[0]
    fields = {"csrf": token_of(worker.get(f"/grids/{grid_id}").text), "alert": alert_id, "reason": "boundary"}

    answer = worker.post(f"/grids/{grid_id}/correction", data=fields)
    assert "已收到数据异议" in worker.get(answer.headers["location"]).text
    with reading(own_world.engine) as connection:
        assert connection.execute(select(correction.c.about, correction.c.reason)).all() == [("boundary", "boundary")]


def test_staff_page_is_light(own_world, enter_own) -> None:
    """Under 60 kB with everything it loads, before any compression."""
    worker = enter_own("worker")
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    page = worker.get(f"/alerts/{alert_id}")

    loaded = [worker.get(address).content for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)]
    assert len(loaded) == 2
    assert len(page.content) + sum(map(len, loaded)) < 60_000
