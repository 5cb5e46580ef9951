"""Files of the site itself: they are there for everybody, and need nothing from elsewhere."""

import json
import re

import pytest

from serving.accounts.permissions import Role
from serving.pages.routes.site_files import ICON, MANIFEST
from tests.support.visitors import visit_home


@pytest.fixture
def browser(home, empty_engine):
    """A browser of an analyst on a home without lists."""
    with visit_home(home, empty_engine, Role.ANALYST) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/icon.svg", "image/svg+xml"),
        ("/worker.js", "text/javascript"),
    ],
)
def test_site_file_is_there_before_anybody_signed_in(browser, path: str, media_type: str) -> None:
    browser.cookies.clear()
    answer = browser.get(path)

    assert (200, media_type) == (answer.status_code, answer.headers["content-type"].split(";")[0])


def test_manifest_names_an_icon_and_a_start_that_exist(browser) -> None:
    manifest = browser.get("/manifest.webmanifest").json()

    assert manifest == MANIFEST
    assert [200, 200] == [browser.get(path).status_code for path in (manifest["icons"][0]["src"], manifest["start_url"])]
    assert manifest["start_url"].startswith(manifest["scope"])


def test_icon_is_drawn_by_itself_alone() -> None:
    addresses = re.findall(r"(?:https?:)?//[^\"]+|url\([^)]*\)|href", ICON)

    assert ["http://www.w3.org/2000/svg"] == addresses


def test_worker_keeps_its_name_and_is_asked_for_anew_each_time(browser) -> None:
    answer = browser.get("/worker.js")

    assert "no-cache" == answer.headers["cache-control"]
    assert "addEventListener" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_site_files_are_only_read(browser, method: str) -> None:
    assert 405 == browser.request(method, "/manifest.webmanifest").status_code


def test_description_of_the_api_comes_from_this_site_alone(browser) -> None:
    page = browser.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"#]+)"', page)

    assert "yujing 预警" in page
    assert not [address for address in files if address.startswith(("http:", "https:", "//"))]
    assert {200} == {browser.get(address).status_code for address in files if address.startswith("/static")}


def test_description_of_the_api_lists_no_page_and_no_site_file(browser) -> None:
    paths = json.loads(browser.get("/openapi.json").text)["paths"]

    assert not {"/docs", "/icon.svg", "/worker.js", "/manifest.webmanifest", "/alerts"} & set(paths)
    assert {"/v1/rankings", "/v1/alerts"} <= set(paths)
