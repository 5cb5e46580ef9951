"""The service under a path of a site: nothing leads out of it, whether the proxy takes the prefix off or not."""

import re

import pytest

from serving.app import create_app
from serving.settings import ServingSettings
from tests.support.people import NOW
from tests.support.visitors import PASSWORD, Clock, open_client

PREFIX = "/town/yujing"


@pytest.fixture
def browser(own_world):
    serving = ServingSettings(root_path=PREFIX)
    app = create_app(own_world.settings.model_copy(update={"serving": serving}), own_world.home, Clock(NOW))
    with open_client(app) as client:
        client.follow_redirects = False
        yield client


def addresses(page: str) -> set[str]:
    return set(re.findall(r'\s(?:href|src|action|formaction|data-root)="([^"#]+)"', page)) - {"data:,"}


@pytest.mark.parametrize("path", ["/", "/start", "/grids", "/alerts", "/service", "/undertakings"])
def test_pages_under_a_path_lead_nowhere_outside(browser, path) -> None:
    signed_in = browser.post(f"{PREFIX}/login", data={"name": "centre", "password": PASSWORD, "next": path})
    page = browser.get(f"{PREFIX}{path}").text

    assert f"{PREFIX}{path}" == signed_in.headers["location"]
    assert f'data-root="{PREFIX}/"' in page
    assert sorted(each for each in addresses(page) if each.startswith("/") and not each.startswith(f"{PREFIX}/")) == []
    assert addresses(page) == addresses(browser.get(path).text)


def test_login_under_a_path_is_asked_for_there(browser) -> None:
    assert f"{PREFIX}/login?next=%2Fgrids" == browser.get(f"{PREFIX}/grids").headers["location"]
    assert 200 == browser.get(f"{PREFIX}/static/manifest.json").status_code
    assert f'"start_url":"{PREFIX}/alerts"' in browser.get("/manifest.webmanifest").text
    assert 200 == browser.get(f"{PREFIX}/healthz").status_code


@pytest.mark.parametrize("wrong", ["yujing", "/yujing/", "//x", "/a b", '/"'])
def test_root_path_that_is_none_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="root_path"):
        ServingSettings(root_path=wrong)
