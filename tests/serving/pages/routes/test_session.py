"""Signing in on pages: devices that are remembered, wall screens, and the way back to what was being done."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from features.database.access_tables import account
from features.database.engine import writing
from serving.app import create_app
from tests.serving.pages.test_pages import alerts_below
from tests.support.people import NOW, TOWNSHIP, token_of
from tests.support.visitors import PASSWORD, Clock


@pytest.fixture
def administrator(own_world, enter_own):
    with writing(own_world.engine) as connection:
        connection.execute(update(account).where(account.c.name == "centre").values(administers=True))
    return enter_own("centre")


def test_remembered_device_keeps_its_session_and_another_browser_cannot_use_it(own_world, enter_own) -> None:
    phone, other = enter_own(), enter_own()
    answer = phone.post("/login", data={"name": "worker", "password": PASSWORD, "remember": "true"})
    cookies = answer.headers.get_list("set-cookie")

    assert all("Max-Age=" in cookie and "HttpOnly" in cookie for cookie in cookies)
    assert phone.get("/alerts").status_code == 200
    other.cookies.set("yujing_session", phone.cookies["yujing_session"])
    assert other.get("/alerts").headers["location"] == "/login?next=%2Falerts"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://town.example"}, 303),  # behind a proxy that asks by another name
        ({"Origin": "http://localhost:8080"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("form", [("/login", {"name": "worker", "password": PASSWORD}), ("/look", {"language": "en"})])
def test_form_without_a_session_is_taken_from_the_pages_of_the_service_alone(enter_own, form, headers, status) -> None:
    address, fields = form
    answer = enter_own().post(address, data=fields, headers=headers)

    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 303)


def test_unremembered_session_ends_with_the_browser(own_world, enter_own) -> None:
    answer = enter_own().post("/login", data={"name": "worker", "password": PASSWORD})

    (session,) = (each for each in answer.headers.get_list("set-cookie") if each.startswith("yujing_session="))

    assert "Max-Age" not in session


def test_wall_screen_is_made_opened_listed_and_revoked(administrator, enter_own) -> None:
    page = administrator.get("/admin").text
    made = administrator.post("/admin/walls", data={"csrf": token_of(page), "name": "hall", "scope": TOWNSHIP}).text
    link = re.search(r"http://localhost(/wall/[\w-]{43})", made)[1]
    screen = enter_own()

    assert screen.get(link).headers["location"] == "/"
    assert screen.get("/").status_code == 200
    assert "Max-Age=34560000" in screen.get("/").headers["set-cookie"]
    assert [screen.get(page).status_code for page in ("/alerts", "/export", "/admin")] == [403, 403, 403]
    assert enter_own().get(link).status_code == 404

    session = re.search(r'action="(/admin/sessions/[0-9a-f]{12}/revoke)"', administrator.get("/admin").text)[1]
    assert administrator.post(session, data={"csrf": token_of(page)}).status_code == 303
    assert session not in administrator.get("/admin").text


def test_form_sent_after_the_end_of_a_session_leads_back_to_its_page(own_world, enter_own) -> None:
    visitor = enter_own()
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    sent = visitor.post(
        f"/alerts/{alert_id}/answer", data={"action": "acknowledge"}, headers={"referer": f"http://localhost/alerts/{alert_id}"}
    )
    foreign = visitor.post(f"/alerts/{alert_id}/answer", data={"action": "acknowledge"}, headers={"referer": "https://elsewhere.example/x"})

    assert sent.headers["location"] == f"/login?next=%2Falerts%2F{alert_id}"
    assert foreign.headers["location"] == "/login?next=%2F"


def test_delicate_page_asks_a_lasting_session_for_the_password_again(own_world) -> None:
    clock = Clock(NOW)
    with TestClient(create_app(own_world.settings, own_world.home, clock), base_url="http://localhost", follow_redirects=False) as phone:
        phone.post("/login", data={"name": "town", "password": PASSWORD, "remember": "true"})
        assert phone.get("/export").status_code == 200
        clock.now = NOW + timedelta(hours=9)
        assert phone.get("/alerts").status_code == 200
        assert phone.get("/export").headers["location"] == "/login?next=%2Fexport&proof=true"
        assert "需要再次输入密码" in phone.get("/login?next=%2Fexport&proof=true").text
        phone.post("/login", data={"name": "town", "password": PASSWORD, "remember": "true"})
        assert phone.get("/export").status_code == 200
