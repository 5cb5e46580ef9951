"""Where a page leads back to: inside this site, whatever the address says."""

from types import SimpleNamespace

import pytest

from serving.pages.page import _back, inside


@pytest.mark.parametrize("address", ["/", "/grids/1?q=2", "/alerts/5d1c#done", "/网格"])
def test_address_of_this_site_stays(address):
    assert address == inside(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "grids",
        "//elsewhere.example",
        "https://elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "/a\nb",
        "javascript:x",
    ],
)
def test_address_elsewhere_leads_to_the_start(address):
    assert "/" == inside(address)


def request(method="GET", path="/grids", query="", referer=None):
    url = SimpleNamespace(path=path, query=query, netloc="yujing.example")
    return SimpleNamespace(method=method, url=url, headers={"referer": referer} if referer else {})


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request(query="q=2"), "/grids?q=2"),
        (request(), "/grids"),
        (request("POST", "/alerts/1", referer="https://yujing.example/alerts/1?x=1"), "/alerts/1"),
        (request("POST", "/alerts/1", referer="https://elsewhere.example/alerts"), "/"),
        (request("POST", "/alerts/1"), "/"),
    ],
)
def test_sign_in_leads_back_to_the_page_or_to_that_of_its_form(sent, expected):
    assert expected == _back(sent)
