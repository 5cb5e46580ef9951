"""Undertakings are seen, entered and ended on their page, by those who may and in their own area alone."""

import re

import pytest
from sqlalchemy import select

from features.database.access_tables import audit
from features.database.engine import reading
from features.database.undertaking_tables import undertaking
from serving.undertakings.estimates import Estimate
from serving.undertakings.review import review_monthly
from tests.support.people import OTHER, TOWNSHIP, token_of

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


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"places": OTHER}, 403),
        ({"places": ""}, 403),
        ({"places": "990101/nowhere"}, 422),
        ({"what": "project/fire"}, 422),
        ({"what": "plan"}, 422),
        ({"end_at": "2026-01-20"}, 422),
        ({"start_at": "soon"}, 422),
        ({"name": "居民王建国反映"}, 422),
        ({"attention": "9"}, 422),
    ],
)
def test_undertaking_that_does_not_fit_is_refused_and_nothing_stored(fields, status, come, own_world) -> None:
    assert send(come("town"), "/undertakings", **PROJECT | fields).status_code == status
    assert versions(own_world) == []


def test_undertaking_is_ended_by_a_new_version_and_only_in_one_s_own_area(come, own_world) -> None:
    town, stranger, centre = come("town"), come("stranger"), come("centre")
    send(town, "/undertakings", **PROJECT | {"start_at": "2026-01-05"})
    send(centre, "/undertakings", **PROJECT | {"places": "", "name": "全区行动"})
    own, whole = (row.undertaking_id for row in versions(own_world))

    assert send(stranger, f"/undertakings/{own}/end").status_code == 404
    assert send(town, f"/undertakings/{whole}/end").status_code == 403
    assert send(town, f"/undertakings/{own}/end").status_code == 303
    assert send(town, f"/undertakings/{own}/end").status_code == 422
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


def test_review_monthly_without_undertakings_stores_nothing(own_world) -> None:
    from features.eventlog.read import read_log
    from features.facts.derive import read_facts

    facts = read_facts(read_log(own_world.home, own_world.engine), None, own_world.settings)

    assert review_monthly(own_world.engine, facts, 14, 7, own_world.settings.tz) in {True, False}
    assert Estimate(cannot_tell="few_drawn").ratio is None
