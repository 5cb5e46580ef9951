"""Corrections are contested on one page and answered on another, which shows what that changed."""

from datetime import timedelta

import pytest

from serving.alerts.corrections import About, contest
from tests.serving.alerts.conftest import COMMAND
from tests.serving.pages.test_pages import alerts_below, faults
from tests.support.people import NOW, OTHER, TOWNSHIP, token_of


@pytest.fixture
def come(own_world, enter_own):
    """Return a function that signs somebody in to the world of the test."""
    return enter_own


def test_contested_notice_is_accepted_and_the_grid_page_shows_before_and_after(come, own_world) -> None:
    alert_id, grid_id = alerts_below(own_world, TOWNSHIP)[0]
    worker, town = come("worker"), come("town")
    page = worker.get(f"/grids/{grid_id}").text
    worker.post(f"/grids/{grid_id}/correction", data={"csrf": token_of(page), "alert": alert_id, "reason": "count"})
    listed = town.get("/corrections").text
    accepted = town.post("/corrections/1", data={"csrf": token_of(listed), "step": "accepted"})
    for figures in own_world.home.published.rglob("backtest.json"):
        figures.unlink()  # a made one, which a model that is verified may not have
    own_world.rank(now=NOW)

    assert accepted.headers["location"] == "/corrections"
    assert "数量有误" in listed
    assert 'value="accepted"' in listed
    assert 'value="accepted"' not in worker.get("/corrections").text
    for shown in (town.get("/corrections").text, worker.get(f"/grids/{grid_id}").text):
        assert "已重新测算，没有变化" in shown
        assert faults(shown) == []
    assert town.post("/corrections/1", data={"csrf": token_of(listed), "step": "refused"}).status_code == 409


def test_overdue_corrections_are_seen_by_the_auditor_who_begins_there(come, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    for days, reason in ((14, "place"), (16, "count")):
        contest(own_world.engine, COMMAND, alert_id, About.DATA, reason, NOW - timedelta(days=days))
    auditor = come("auditor", language="en")
    page = auditor.get("/corrections").text

    assert auditor.get("/").headers["location"] == "/corrections"
    assert page.count("<b>overdue</b>") == 1
    assert page.index("overdue") < page.index("12-26")
    assert 'name="step"' not in page
    assert 'href="/grids' not in page.partition("<main")[2]


def test_corrections_of_another_township_are_neither_seen_nor_answered(come, own_world) -> None:
    alert_id, grid_id = alerts_below(own_world, TOWNSHIP)[0]
    contest(own_world.engine, COMMAND, alert_id, About.DATA, "count", NOW)
    stranger = come("stranger")
    page = stranger.get("/corrections").text

    assert OTHER not in grid_id
    assert grid_id not in page
    assert "没有提出过数据异议" in page
    assert stranger.post("/corrections/1", data={"csrf": token_of(page), "step": "accepted"}).status_code == 404
