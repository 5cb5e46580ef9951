"""The menu of the desk in a real browser: one row for every role, in both languages, on the smallest screens of offices."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, expect

from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.audit import OPERATOR
from tests.support.browser import chromium, press, serving, window
from tests.support.people import NOW
from tests.support.published_world import World
from tests.support.visitors import PASSWORD

LAPTOP = (1366, 768)
ROWS = 'new Set([...document.querySelectorAll(".bar nav a, .bar .own summary")].map((each) => each.getBoundingClientRect().top >> 3)).size'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def appoint(world: World, role: Role) -> str:
    """Return the name of an account of a role that may administer besides: nobody's menu is longer."""
    name = f"chief-{role}"
    account, password = create_account(world.engine, NewAccount(name, role, EVERYTHING, administers=True), OPERATOR, NOW)
    change_password(world.engine, account.actor, password, PASSWORD, NOW)
    return name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_menu_of_every_role_is_one_row(browser: Browser, own_world: World, language: str) -> None:
    names = [appoint(own_world, role) for role in (Role.ANALYST, Role.COMMAND, Role.AUDITOR)]
    with serving(own_world) as base:
        for name in names:
            with window(browser, base, LAPTOP, language) as visit:
                visit.sign_in(name)
                visit.page.goto(f"{base}/models")
                assert (name, visit.page.evaluate(ROWS), visit.faults) == (name, 1, [])


def test_account_menu_opens_by_keyboard_and_signs_out(browser: Browser, own_world: World) -> None:
    with serving(own_world) as base, window(browser, base, LAPTOP) as visit:
        visit.sign_in("centre")
        page = visit.page
        page.goto(f"{base}/grids")
        page.locator(".own summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".own form[action='/look']")).to_be_visible()
        assert visit.serious() == []
        press(page, ".own form[action='/logout'] button")

        expect(page.locator("[name=password]")).to_be_visible()
        assert visit.faults == []
