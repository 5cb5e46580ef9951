"""The way through the identity provider in a real browser, with its cookies, its redirects and its policy."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, expect

from serving.app import create_app
from serving.settings import OidcSettings
from tests.support.browser import chromium, window
from tests.support.loopback import on_loopback
from tests.support.openid_provider import CLIENT, OpenIdProvider
from tests.support.people import NOW
from tests.support.visitors import Clock


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    """A provider that asks who somebody is, and takes this service without a secret."""
    provider = OpenIdProvider(Clock(NOW), person=None, careful=False)
    with on_loopback(provider.app, "localhost"):
        yield provider


@pytest.fixture
def base(seen_world, provider: OpenIdProvider) -> Iterator[str]:
    def make(site: str):
        oidc = OidcSettings(issuer=provider.base, client_id=CLIENT, public_url=site)
        return create_app(seen_world.settings.model_copy(update={"oidc": oidc}), seen_world.home, Clock(NOW))

    with on_loopback(make) as address:
        yield address


def test_person_signs_in_there_reads_here_and_signs_out_of_both(browser: Browser, base: str, provider: OpenIdProvider) -> None:
    with window(browser, base) as visit:
        page = visit.page
        page.goto(f"{base}/grids")
        page.get_by_role("link", name="统一身份登录").click()
        page.fill("[name=person]", "centre")
        page.press("[name=person]", "Enter")
        page.wait_for_url(f"{base}/grids")
        page.locator(".own summary").click()
        page.get_by_role("button", name="退出").click()
        page.wait_for_url(f"{base}/login")
        page.goto(f"{base}/grids")

        expect(page.get_by_role("link", name="统一身份登录")).to_be_visible()
        assert [CLIENT] == provider.left
        assert [fault for fault in visit.faults if not fault.startswith(provider.base)] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_stranger_is_told_what_is_missing(browser: Browser, base: str, provider: OpenIdProvider, language: str) -> None:
    provider.person = "nobody"
    with window(browser, base, (390, 844), language) as visit:
        visit.page.goto(f"{base}/login/identity")

        expect(visit.page.get_by_role("alert")).to_contain_text({"zh": "没有账号", "en": "no account"}[language])
        assert visit.serious() == []
