"""Undertakings are seen, entered and ended on their page, by those who may and in their own area alone."""

import json
import re
from datetime import date

import pytest
from sqlalchemy import insert, select

from features.database.access_tables import audit
from features.database.engine import reading, writing
from features.database.tables import undertaking, undertaking_review
from tests.support.people import NOW, OTHER, TOWNSHIP, token_of

PROJECT = {
    "what": "project/construction",
    "places": TOWNSHIP,
    "name": "滨河路改造",
    "public_at": "2026-01-01",
    "start_at": "2026-01-20",
    "end_at": "",
    "attention": "",
}


@pytest.fixture
def come(own_world, enter_own):
    """Return a function that signs somebody in to the world of the test."""
    return enter_own


def send(client, address, **fields):
    return client.post(address, data={"csrf": token_of(client.get("/undertakings").text), **fields})


def versions(world):
    with reading(world.engine) as connection:
        return connection.execute(select(undertaking).order_by(undertaking.c.seq)).all()


def test_undertaking_entered_in_a_township_is_seen_there_and_audited(come, own_world) -> None:
    town, stranger, worker = come("town"), come("stranger"), come("worker")
    answer = send(town, "/undertakings", **PROJECT)

    assert answer.headers["location"] == "/undertakings"
    for reader in (town, worker):
        page = reader.get("/undertakings").text
        assert "施工项目 · 滨河路改造" in page
        assert "未登记稳评" in page
    assert "滨河路改造" not in stranger.get("/undertakings").text
    with reading(own_world.engine) as connection:
        assert "undertaking.enter" in connection.execute(select(audit.c.action)).scalars().all()


def test_undertaking_ahead_stands_on_command_and_grid_pages(come, own_world) -> None:
    town = come("town")
    send(town, "/undertakings", **PROJECT)
    grid_id = re.findall(r'href="/grids/([0-9]+)"', town.get("/").text)[0]

    for address in ("/", f"/grids/{grid_id}"):
        page = town.get(address).text
        assert "滨河路改造" in page
        assert "尚无同类记录，无法判断。" in page
    assert "滨河路改造" not in come("stranger").get("/").text


WRONG = (
    ({"places": OTHER}, 403),
    ({"places": ""}, 403),
    ({"places": "990101/nowhere"}, 400),
    ({"what": "project/fire"}, 400),
    ({"what": "plan"}, 422),
    ({"end_at": "2026-01-20"}, 400),
    ({"start_at": "soon"}, 422),
    ({"name": "居民王建国反映"}, 400),
    ({"attention": "9"}, 400),
)


def test_undertaking_that_does_not_fit_is_refused_and_nothing_stored(come, own_world) -> None:
    town = come("town")
    token = token_of(town.get("/undertakings").text)

    assert [town.post("/undertakings", data={"csrf": token, **PROJECT | fields}).status_code for fields, _ in WRONG] == [
        status for _, status in WRONG
    ]
    assert versions(own_world) == []


def test_undertaking_is_ended_by_a_new_version_and_only_in_one_s_own_area(come, own_world) -> None:
    town, stranger, centre = come("town"), come("stranger"), come("centre")
    send(town, "/undertakings", **PROJECT | {"start_at": "2026-01-05"})
    send(centre, "/undertakings", **PROJECT | {"places": "", "name": "全区行动"})
    own, whole = (row.undertaking_id for row in versions(own_world))

    assert send(stranger, f"/undertakings/{own}/end").status_code == 404
    assert send(town, f"/undertakings/{whole}/end").status_code == 403
    assert send(town, f"/undertakings/{own}/end").status_code == 303
    assert send(town, f"/undertakings/{own}/end").status_code == 400
    assert send(centre, f"/undertakings/{whole}/end").status_code == 303
    assert [(row.version, row.end_at is not None, row.withdrawn) for row in versions(own_world)] == [
        (1, False, False),
        (1, False, False),
        (2, True, False),
        (2, False, True),
    ]
    assert "全区行动" not in centre.get("/undertakings").text


def test_undertaking_not_public_yet_is_seen_by_those_who_enter_them(come) -> None:
    town, worker = come("town"), come("worker")
    send(town, "/undertakings", **PROJECT | {"public_at": "2026-02-01", "start_at": "2026-03-01"})

    assert "滨河路改造" in town.get("/undertakings").text
    assert "滨河路改造" not in worker.get("/undertakings").text
    assert "滨河路改造" not in town.get("/").text


def test_undertakings_form_is_offered_to_those_who_may_enter(come) -> None:
    offered = {name: 'name="what"' in come(name).get("/undertakings").text for name in ("town", "centre", "analyst", "worker")}

    assert offered == {"town": True, "centre": True, "analyst": True, "worker": False}


def test_did_it_help_says_what_cannot_be_told(come) -> None:
    page = come("analyst").get("/undertakings").text

    assert "有没有帮助" in page
    assert "尚无同类记录，无法判断。" in page
    assert "有没有帮助" not in come("worker").get("/undertakings").text


def test_did_it_help_shows_the_newest_stored_estimates(come, own_world) -> None:
    estimates = {
        "helped/treatment/estate_treatment": {"ratio": 0.6, "low": 0.4, "high": 0.9, "units": 24, "cases": 80, "cannot_tell": None},
        "helped/acting": {"ratio": None, "low": None, "high": None, "units": 0, "cases": 0, "cannot_tell": "few_drawn"},
        "followed/project/construction": {"ratio": 2.1, "low": 1.4, "high": 3.0, "units": 12, "cases": 60, "cannot_tell": None},
    }
    with writing(own_world.engine) as connection:
        row = {"as_of": date(2026, 1, 1), "at": NOW, "body": json.dumps(estimates)}
        connection.execute(insert(undertaking_review), row)
    analyst = come("analyst")
    send(analyst, "/undertakings", **PROJECT)
    page = analyst.get("/undertakings").text

    assert "小区治理" in page
    assert "有帮助：事项约为没有这样做时的0.60倍（0.40–0.90倍，24处）。" in page
    assert "无法判断：随机抽到的网格不足30个。" in page
    assert "过去同类12处" in page
