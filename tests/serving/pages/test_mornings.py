"""Mornings of six roles in a browser by keys alone: on the day, with data four days old, after the end of a session, on an empty home."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, Page, expect

from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.app import create_app
from serving.audit import OPERATOR
from tests.support.browser import Visit, chromium, press, window
from tests.support.loopback import on_loopback
from tests.support.people import NOW, sign_everybody_up
from tests.support.published_world import World
from tests.support.visitors import PASSWORD, Clock

OFFICE, PHONE = (1366, 768), (390, 844)
STALE = timedelta(days=3.4)
PAST_THE_DAY = timedelta(hours=8, minutes=1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@contextmanager
def served(world: World, clock: Clock) -> Iterator[str]:
    with on_loopback(lambda _: create_app(world.settings, world.home, clock)) as base:
        yield base


def add_administrator(world: World) -> None:
    grant = NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True)
    chief, password = create_account(world.engine, grant, OPERATOR, NOW)
    change_password(world.engine, chief.actor, password, PASSWORD, NOW)


def see_the_centre(page: Page) -> None:
    """See what comes first, open it, and look at what changed."""
    press(page, ".rank .place a")
    expect(page.locator(".bars tbody tr").first).to_be_visible()
    page.go_back()
    press(page, ".figures a")
    expect(page.locator("#changes_entered")).to_be_visible()
    press(page, "nav a[href='/brief']")
    expect(page.locator(".paper .headline")).to_be_visible()


def hand_an_alert_over(page: Page) -> None:
    """Sign for an alert and give it to a department."""
    press(page, "nav a[href='/alerts']")
    press(page, ".cards a")
    press(page, ".answer-bar button")
    expect(page.locator("main > .sub").first).to_contain_text("已签收")
    page.locator(".panels summary").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".panels details[open]")).to_be_visible()


def close_an_alert(page: Page) -> None:
    """Take an alert from its card to its end."""
    press(page, ".cards a")
    for state in ("已签收", "处置中", "已销号"):
        press(page, ".answer-bar button")
        expect(page.locator("main > .sub").first).to_contain_text(state)
        page.goto(page.url)


def read_the_models(page: Page) -> None:
    """Read how good the model is, compare, and come to the page of new data."""
    press(page, "nav a[href='/models']")
    expect(page.locator("h1")).to_be_visible()
    press(page, "nav a[href='/data']")
    expect(page.locator("input[name=file]")).to_be_visible()
    press(page, "nav a[href='/reports']")
    press(page, "a[href='/reports/template']")
    expect(page.locator("input[type=file]")).to_be_visible()


def make_an_account(page: Page) -> None:
    """Make an account and read its one-time password."""
    press(page, "nav a[href='/admin']")
    page.locator("form[action='/admin/accounts'] input[name=name]").focus()
    page.keyboard.type("newcomer")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".once")).to_contain_text("newcomer")


def read_the_trail(page: Page) -> None:
    """Show the names behind the pseudonyms, which is written down."""
    press(page, "nav a[href='/audit']")
    page.locator("input[name=names]").focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.reload()
    expect(page.locator(".log tbody")).to_contain_text("查看账号名称")


Morning = Callable[[Page], None]
MORNINGS: dict[str, tuple[tuple[int, int], Morning]] = {
    "centre": (OFFICE, see_the_centre),
    "town": (OFFICE, hand_an_alert_over),
    "worker": (PHONE, close_an_alert),
    "analyst": (OFFICE, read_the_models),
    "chief": (OFFICE, make_an_account),
    "auditor": (OFFICE, read_the_trail),
}


def spend(visit: Visit, name: str) -> None:
    """Spend a morning from the sign-in to its end."""
    visit.sign_in(name)
    MORNINGS[name][1](visit.page)
    assert visit.faults == []


@pytest.mark.parametrize("name", list(MORNINGS))
def test_morning_is_done_by_keys_alone(browser: Browser, own_world: World, name: str) -> None:
    add_administrator(own_world)
    with served(own_world, Clock(NOW)) as base, window(browser, base, MORNINGS[name][0]) as visit:
        spend(visit, name)


@pytest.mark.full
@pytest.mark.parametrize("name", list(MORNINGS))
def test_morning_with_old_data_is_done_and_the_screen_says_how_old_they_are(browser: Browser, own_world: World, name: str) -> None:
    add_administrator(own_world)
    with served(own_world, Clock(NOW + STALE)) as base, window(browser, base, MORNINGS[name][0]) as visit:
        visit.sign_in(name)
        if name == "centre":
            expect(visit.page.locator(".sum .stale").first).to_be_visible()
            assert visit.page.locator(".beat .fill-series").count() == 0
        MORNINGS[name][1](visit.page)


@pytest.mark.full
@pytest.mark.parametrize("name", list(MORNINGS))
def test_session_that_ended_leads_to_the_login_and_back_to_the_page(browser: Browser, own_world: World, name: str) -> None:
    add_administrator(own_world)
    clock = Clock(NOW)
    with served(own_world, clock) as base, window(browser, base, MORNINGS[name][0]) as visit:
        visit.sign_in(name)
        before = visit.page.url
        clock.now = NOW + PAST_THE_DAY
        visit.page.goto(before)
        assert "/login" in visit.page.url
        visit.page.wait_for_selector("[name=name]:focus")
        visit.page.keyboard.type(name)
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.type(PASSWORD)
        with visit.page.expect_navigation():
            visit.page.keyboard.press("Enter")

        assert visit.page.url == before


@pytest.mark.full
@pytest.mark.parametrize("name", list(MORNINGS))
def test_first_morning_on_an_empty_home_says_what_to_do_next(browser: Browser, world: World, name: str) -> None:
    """An auditor, who reads no lists, begins with what is contested."""
    sign_everybody_up(world)
    add_administrator(world)
    with served(world, Clock(NOW)) as base, window(browser, base, MORNINGS[name][0]) as visit:
        visit.sign_in(name)
        visit.page.goto(f"{base}/grids" if name != "auditor" else base)

        expect(visit.page.locator("h1")).to_be_visible()
        assert visit.page.url.endswith("/corrections" if name == "auditor" else "/start")
        assert visit.faults == []
