"""A phone without a network or with an ended session: the day's alerts stay readable, and an answer arrives once."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, Error, Page, expect
from sqlalchemy import select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.database.alert_tables import alert_transition
from features.database.engine import reading
from serving.app import create_app
from tests.serving.pages.test_pages import alerts_below
from tests.support.browser import chromium, window
from tests.support.loopback import STARTED_WITHIN_SECONDS, on_loopback
from tests.support.people import NOW, TOWNSHIP
from tests.support.published_world import World
from tests.support.visitors import PASSWORD, Clock

pytestmark = pytest.mark.full

PHONE = (390, 844)
SENT = "async () => localStorage.getItem('yujing-answers') === '[]'"
SETTLED_MS = 2_000
"""Time for the worker to keep what has arrived."""
CACHED = "async path => Boolean(await caches.match(location.origin + path))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def wait_until(page: Page, script: str, argument: str = "") -> None:
    """Wait until a script that returns a promise says yes, on whichever page the window shows by then."""
    for _ in range(200):
        with suppress(Error):  # the page was left while the script ran
            if page.evaluate(script, argument):
                return
        page.wait_for_timeout(100)
    pytest.fail(f"{script} did not become true for {argument}")


def answers_of(world: World, alert_id: str) -> list[str]:
    with reading(world.engine) as connection:
        query = select(alert_transition.c.action).where(alert_transition.c.alert_id == alert_id).order_by(alert_transition.c.version)
        return list(connection.execute(query).scalars())


def test_alert_that_was_never_opened_is_read_offline_and_answered_once(browser: Browser, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    with on_loopback(lambda _: create_app(own_world.settings, own_world.home, Clock(NOW))) as base, window(browser, base, PHONE) as phone:
        phone.sign_in("worker")
        page = phone.page
        page.goto(f"{base}/alerts")
        wait_until(page, CACHED, f"/alerts/{alert_id}")
        page.context.set_offline(True)
        page.goto(f"{base}/alerts/{alert_id}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 0
        page.locator(".answer-bar button").first.click()
        expect(page.locator("[data-kept]")).to_be_visible()
        page.goto(f"{base}/alerts")
        expect(page.locator(".cards a").first).to_be_visible()
        page.context.set_offline(False)
        page.goto(f"{base}/alerts/{alert_id}")

        expect(page.locator(".past")).to_contain_text("签收")
        assert answers_of(own_world, alert_id) == ["raised", "acknowledge"]
        wait_until(page, SENT)


def test_answer_tapped_after_the_end_of_a_session_is_sent_after_sign_in_and_leads_back(browser: Browser, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    clock = Clock(NOW)
    with on_loopback(lambda _: create_app(own_world.settings, own_world.home, clock)) as base, window(browser, base, PHONE) as phone:
        phone.sign_in("worker")
        page = phone.page
        page.goto(f"{base}/alerts/{alert_id}")
        clock.now = NOW + timedelta(minutes=16)
        page.locator(".answer-bar button").nth(1).click()
        page.wait_for_url(lambda address: "/login" in address)
        page.fill("[name=name]", "worker")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"{base}/alerts/{alert_id}")

        expect(page.locator(".past")).to_contain_text("电话了解")
        assert answers_of(own_world, alert_id) == ["raised", "acknowledge"]


def test_signing_out_leaves_no_alert_on_the_phone(browser: Browser, own_world) -> None:
    with on_loopback(lambda _: create_app(own_world.settings, own_world.home, Clock(NOW))) as base, window(browser, base, PHONE) as phone:
        phone.sign_in("worker")
        page = phone.page
        page.goto(f"{base}/alerts")
        wait_until(page, CACHED, f"/alerts/{alerts_below(own_world, TOWNSHIP)[0][0]}")
        page.get_by_role("button", name="退出").click()
        page.wait_for_url(lambda address: "/login" in address)

        wait_until(page, "async () => !(await caches.has('alerts'))")


class Holding:
    """The service, whose answers for single alerts are on their way until they may arrive."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.held, self.may_arrive = threading.Event(), threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                self.held.set()
                await asyncio.to_thread(self.may_arrive.wait)
            await send(message)

        single = scope["type"] == "http" and scope["path"].startswith("/alerts/")
        await self.app(scope, receive, send_late if single else send)


def test_alert_that_arrives_after_signing_out_is_not_kept_on_the_phone(browser: Browser, own_world) -> None:
    holding = Holding(create_app(own_world.settings, own_world.home, Clock(NOW)))
    with on_loopback(lambda _: holding) as base, window(browser, base, PHONE) as phone:
        phone.sign_in("worker")
        page = phone.page
        page.goto(f"{base}/alerts")
        assert holding.held.wait(STARTED_WITHIN_SECONDS)
        page.get_by_role("button", name="退出").click()
        page.wait_for_url(lambda address: "/login" in address)
        holding.may_arrive.set()
        page.wait_for_timeout(SETTLED_MS)

        assert not page.evaluate("async () => await caches.has('alerts')")
