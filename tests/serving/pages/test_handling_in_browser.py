"""Journeys through hand-over and supervision in a real browser: township, department and command centre, by taps alone."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, expect
from sqlalchemy import update

from features.database.alert_tables import alert
from features.database.engine import writing
from serving.app import create_app
from tests.serving.pages.test_pages import alerts_below
from tests.support.browser import chromium, window
from tests.support.loopback import on_loopback
from tests.support.people import NOW, TOWNSHIP
from tests.support.visitors import Clock

pytestmark = pytest.mark.full

PHONE, DESK = (390, 844), (1440, 900)
UNDER_THE_BAR = """() => document.querySelector('.answer-bar').getBoundingClientRect().top"""
BOTTOM_OF = """selector => [...document.querySelectorAll(selector)].at(-1).getBoundingClientRect().bottom"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_alert_goes_to_a_department_and_back_under_supervision_and_is_struck_off(browser: Browser, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    with (
        on_loopback(lambda _: create_app(own_world.settings, own_world.home, Clock(NOW))) as base,
        window(browser, base, PHONE) as town,
        window(browser, base, PHONE) as labour,
        window(browser, base, DESK) as centre,
    ):
        address = f"{base}/alerts/{alert_id}"
        town.sign_in("town")
        labour.sign_in("labour")
        centre.sign_in("centre")
        labour.page.goto(f"{base}/alerts")
        expect(labour.page.get_by_text("没有符合条件的预警提示")).to_be_visible()

        town.page.goto(address)
        town.page.locator(".answer-bar summary", has_text="移交").click()
        town.page.locator(".hand", has_text="移交责任单位").locator("[name=department]").select_option("labour")
        town.page.locator(".hand", has_text="移交责任单位").get_by_role("button").click()
        expect(town.page.locator(".past")).to_contain_text("移交至人社部门")

        labour.page.goto(f"{base}/alerts")
        labour.page.locator(".cards a").first.click()
        labour.page.locator(".next-steps").get_by_role("button", name="电话了解").click()
        expect(labour.page.locator(".past")).to_contain_text("电话了解")

        centre.page.goto(address)
        centre.page.locator(".answer-bar summary", has_text="督办").click()
        centre.page.get_by_role("button", name="事项重大").click()
        expect(centre.page.locator("main > .sub").first).to_contain_text("督办中")

        labour.page.goto(address)
        labour.page.locator(".next-steps").get_by_role("button", name="走访后平稳").click()
        expect(labour.page.locator("main > .sub").first).to_contain_text("已销号")

        centre.page.goto(f"{base}/alerts?part=supervised")
        centre.page.locator(".cards a").first.click()
        centre.page.locator(".answer-bar summary", has_text="督办").click()
        centre.page.get_by_role("button", name="经核实已化解").click()
        expect(centre.page.locator("main > .sub").first).to_contain_text("督办已销号")
        assert (town.faults, labour.faults, centre.faults) == ([], [], [])


def test_card_says_what_and_what_to_do_above_the_buttons_without_scrolling(browser: Browser, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    with writing(own_world.engine) as connection:
        connection.execute(update(alert).where(alert.c.alert_id == alert_id).values(department="labour"))
    with on_loopback(lambda _: create_app(own_world.settings, own_world.home, Clock(NOW))) as base, window(browser, base, PHONE) as phone:
        phone.sign_in("labour")
        phone.page.goto(f"{base}/alerts/{alert_id}")

        top = phone.page.evaluate(UNDER_THE_BAR)
        assert phone.page.evaluate(BOTTOM_OF, ".deed") < top
        assert phone.page.evaluate(BOTTOM_OF, ".what li") < top
        expect(phone.page.locator(".answer-bar")).to_be_in_viewport(ratio=1)
