"""Journeys in a real browser: nothing on the console, nothing asked of other hosts."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, expect

from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.audit import OPERATOR
from tests.serving.pages.test_pages import alerts_below
from tests.support.browser import chromium, press, serving, window
from tests.support.people import NOW, TOWNSHIP
from tests.support.visitors import PASSWORD

PHONE = (390, 844)
DESK = (1440, 900)
TOO_WIDE = """document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll("*")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth).map((element) => element.outerHTML.slice(0, 160)).slice(0, 3)"""

BEFORE_FIRST_CONTENT = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((part) => part.entryType === "navigation" || part.renderBlockingStatus === "blocking").map((part) => part.encodedBodySize)"""
"""Bytes of the page, as they are sent, and of each file without which nothing is drawn."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_command_centre_goes_from_the_screen_to_the_reasons_of_a_grid(browser: Browser, seen_world) -> None:
    with serving(seen_world) as base, window(browser, base) as visit:
        visit.sign_in("centre")
        page = visit.page
        expect(page.locator(".mapsvg .grid-borders path")).to_have_count(40)
        page.locator(".areas summary").click()
        page.locator(".areas a").first.click()
        expect(page.locator(".mapsvg .grid-borders path")).to_have_count(20)
        page.locator(".rank .place a").first.click()
        expect(page.locator(".bars tbody tr").first).to_be_visible()

        assert visit.faults == []


def test_staff_answer_by_keyboard_and_the_command_centre_sees_it(browser: Browser, own_world) -> None:
    alert_id, grid_id = alerts_below(own_world, TOWNSHIP)[0]
    with serving(own_world) as base, window(browser, base, PHONE) as staff, window(browser, base) as centre:
        staff.sign_in("worker")
        page = staff.page
        for said in ("已签收", "处置中", "已销号"):
            page.goto(f"{base}/alerts/{alert_id}")
            press(page, ".answer-bar button")
            expect(page.locator("main > .sub").first).to_contain_text(said)
        centre.sign_in("centre")
        centre.page.goto(f"{base}/grids/{grid_id}")

        expect(centre.page.get_by_text("已销号")).to_be_visible()
        assert (staff.faults, centre.faults) == ([], [])


def test_answer_given_without_a_network_is_kept_and_sent_once(browser: Browser, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    with serving(own_world) as base, window(browser, base, PHONE) as staff:
        staff.sign_in("worker")
        page = staff.page
        page.goto(f"{base}/alerts/{alert_id}")
        page.context.set_offline(True)
        page.locator(".answer-bar button").first.click()
        expect(page.locator("[data-kept]")).to_be_visible()
        expect(page.locator(".answer-bar .done")).to_contain_text("待发送")
        page.context.set_offline(False)

        expect(page.locator("main > .sub").first).to_contain_text("已签收")
        expect(page.locator(".past")).to_contain_text("签收")
        assert page.evaluate("localStorage.getItem('yujing-answers')") == "[]"


def test_answers_work_without_scripts(browser: Browser, own_world) -> None:
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    with serving(own_world) as base:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{base}/login")
        page.fill("[name=name]", "worker")
        page.fill("[name=password]", "chosen by its holder")
        page.press("[name=password]", "Enter")
        page.goto(f"{base}/alerts/{alert_id}")
        page.locator(".answer-bar button").nth(1).click()

        expect(page.locator("main > .sub").first).to_contain_text("已签收")
        context.close()


@pytest.mark.full
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_are_accessible_and_keep_to_themselves(browser: Browser, seen_world, language: str, theme: str) -> None:
    alert_id, grid_id = alerts_below(seen_world, TOWNSHIP)[0]
    desk = ["/", f"/?area={TOWNSHIP}", "/?level=township", "/grids", f"/grids/{grid_id}", "/models", "/export", "/password"]
    desk += ["/?date=2026-01-08", "/corrections", "/login"]
    with serving(seen_world) as base:
        for name, size, addresses in (("centre", DESK, desk), ("worker", PHONE, ["/alerts", f"/alerts/{alert_id}"])):
            with window(browser, base, size, language, theme) as visit:
                visit.sign_in(name)
                for address in addresses:
                    visit.page.goto(f"{base}{address}")
                    assert (address, visit.page.evaluate(TOO_WIDE), visit.serious()) == (address, [], [])
                assert visit.faults == []


@pytest.mark.full
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_administration_is_accessible(browser: Browser, own_world, size: tuple[int, int]) -> None:
    chief, password = create_account(own_world.engine, NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True), OPERATOR, NOW)
    change_password(own_world.engine, chief.actor, password, PASSWORD, NOW)
    with serving(own_world) as base, window(browser, base, size) as visit:
        visit.sign_in("chief")
        for address in ("/admin", "/admin/rule?enter_share=0.1&leave_share=0.2", "/corrections"):
            visit.page.goto(f"{base}{address}")
            assert (address, visit.serious()) == (address, [])
        assert visit.faults == []


@pytest.mark.full
def test_docs_start_under_the_same_policy(browser: Browser, seen_world) -> None:
    with serving(seen_world) as base, window(browser, base, DESK) as visit:
        visit.page.goto(f"{base}/docs")

        expect(visit.page.get_by_text("/v1/rankings").first).to_be_visible()
        assert visit.faults == []


@pytest.mark.parametrize(("name", "address", "most"), [("centre", "/", 18_000), ("worker", "/alerts", 13_000)])
def test_first_content_waits_for_the_page_and_one_style_alone(browser: Browser, seen_world, name: str, address: str, most: int) -> None:
    """How long that takes depends on the line and the machine; how much has to come first does not."""
    with serving(seen_world) as base, window(browser, base, workers=False) as visit:
        visit.sign_in(name)
        visit.page.goto(f"{base}{address}")
        sizes = visit.page.evaluate(BEFORE_FIRST_CONTENT)

    assert (2, True) == (len(sizes), sum(sizes) <= most), sizes
