"""Errors of every layer, as pages where a browser asks and as problem details for programs; HEAD wherever GET is answered."""

import pytest

from serving.app import create_app
from tests.support.people import NOW
from tests.support.visitors import Clock, open_client

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def browser(seen_world):
    with open_client(create_app(seen_world.settings, seen_world.home, Clock(NOW))) as client:
        client.cookies.set("yujing_language", "zh")
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nonsense", 404), ("GET", "/alerts/x/y/z", 404), ("GET", "/logout", 405), ("PUT", "/", 405), ("GET", "/wall/short", 422)],
)
def test_error_of_a_path_is_a_page_for_a_browser_and_a_problem_for_a_program(browser, method, path, status) -> None:
    page, problem = browser.request(method, path, headers=PAGE), browser.request(method, path, headers={"Accept": "application/json"})

    assert (status, status) == (page.status_code, problem.status_code)
    assert page.headers["content-type"].startswith("text/html")
    assert "无法打开此页面" in page.text
    assert page.headers.get("allow") == problem.headers.get("allow")


def test_error_of_a_body_that_is_too_large_is_a_page_too(browser) -> None:
    answer = browser.post("/login", content=b"x" * 2**21, headers=PAGE)

    assert (413, True) == (answer.status_code, answer.headers["content-type"].startswith("text/html"))


def test_error_of_the_program_itself_is_a_page_too(browser, monkeypatch) -> None:
    monkeypatch.setattr("serving.pages.routes.session.login_page", lambda *_: 1 / 0)

    answer = browser.get("/login", headers=PAGE)
    assert (500, True) == (answer.status_code, "无法打开此页面" in answer.text)
    assert "text/html" not in browser.get("/login").headers["content-type"]


@pytest.mark.parametrize("path", ["/v1/nothing", "/readyz/nothing", "/static/nothing.js"])
def test_error_of_a_path_for_programs_is_never_a_page(browser, path) -> None:
    assert "text/html" not in browser.get(path, headers=PAGE).headers["content-type"]


@pytest.mark.parametrize("path", ["/login", "/healthz", "/nonsense", "/v1/rankings", "/static/manifest.json", "/manifest.webmanifest"])
def test_head_is_get_without_its_body(browser, path) -> None:
    plain = {"accept-encoding": "identity"}
    head, get = browser.head(path, headers=plain), browser.get(path, headers=plain)

    assert (get.status_code, b"") == (head.status_code, head.content)
    assert get.headers["content-type"] == head.headers["content-type"]
    # pages are padded by chance, each time anew
    assert path == "/login" or get.headers["content-length"] == head.headers["content-length"]


def test_method_that_is_not_allowed_is_told_of_head(browser) -> None:
    assert "HEAD" in browser.put("/login").headers["allow"]
