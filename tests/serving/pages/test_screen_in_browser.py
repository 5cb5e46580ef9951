"""The command screen in a real browser: it changes its views by itself, outlives a server that is away, and is worked by keys alone."""

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium, press, serving, window

SIZES = {(1920, 1080): 16, (3840, 2160): 32, (3840, 1080): 20, (1366, 768): 15}
"""Screens, and how many pixels one rem of the command screen has there."""
PASSES = "() => document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def let_pass(page: Page, seconds: int) -> None:
    """Let the clock of a page run on."""
    with page.expect_response(lambda response: response.request.resource_type == "fetch"):
        page.clock.run_for(seconds * 1000)


@pytest.mark.full
def test_screen_goes_through_its_views_when_asked_and_nobody_uses_it(browser: Browser, seen_world) -> None:
    with serving(seen_world) as base, window(browser, base) as visit:
        page = visit.page
        page.clock.install()
        visit.sign_in("centre")
        press_button(page, "[data-rotate]")
        shown = [page.locator(".tabs [aria-current]").inner_text()]
        for _ in range(4):
            page.clock.run_for(90_000)
            let_pass(page, 30)
            page.wait_for_timeout(200)
            shown.append(page.locator(".tabs [aria-current]").inner_text())

        assert len({text.split()[0] for text in shown}) >= 3
        assert visit.faults == []


def press_button(page: Page, selector: str) -> None:
    page.locator(selector).focus()
    page.keyboard.press("Enter")


def test_screen_keeps_its_content_while_the_server_is_away_and_comes_back(browser: Browser, seen_world) -> None:
    with serving(seen_world) as base, window(browser, base) as visit:
        page = visit.page
        page.clock.install()
        visit.sign_in("centre")
        page.context.set_offline(True)
        page.clock.run_for(400_000)
        expect(page.locator("[data-cut]")).to_contain_text("页面未能更新，以下内容截至")
        expect(page.locator("h1")).to_contain_text("今天先看")
        page.context.set_offline(False)
        let_pass(page, 400)

        expect(page.locator("[data-cut]")).to_be_hidden()


@pytest.mark.full
@pytest.mark.parametrize("size", list(SIZES))
def test_type_grows_with_the_screen_and_nothing_runs_over_its_edge(browser: Browser, seen_world, size: tuple[int, int]) -> None:
    with serving(seen_world) as base, window(browser, base, size) as visit:
        visit.sign_in("centre")

        assert visit.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == SIZES[size]
        assert visit.page.evaluate(PASSES)


def test_map_is_enlarged_moved_and_tells_figures(browser: Browser, seen_world) -> None:
    with serving(seen_world) as base, window(browser, base) as visit:
        visit.sign_in("centre")
        page = visit.page
        page.locator("[data-svg]").focus()
        page.keyboard.press("+")
        expect(page.locator(".mapsvg")).to_have_attribute("data-zoom", "2")
        before = page.locator(".mapsvg").get_attribute("viewBox")
        page.keyboard.press("ArrowRight")
        assert page.locator(".mapsvg").get_attribute("viewBox") != before
        page.locator(".grid-borders a").nth(12).hover()
        expect(page.locator(".tip")).to_contain_text("·")

        assert visit.faults == []


def test_morning_of_a_duty_officer_is_done_by_keys_alone(browser: Browser, own_world) -> None:
    """Sign in, see what is new, open the grid, go to the alerts, sign for one, look at what changed since yesterday."""
    with serving(own_world) as base, window(browser, base, (1366, 768)) as visit:
        visit.sign_in("centre")
        page = visit.page
        expect(page.locator("h1")).to_contain_text("今天先看")
        press(page, ".tabs a:nth-of-type(4)")
        expect(page.locator(".arealist")).to_be_visible()
        press(page, ".tabs a:nth-of-type(1)")
        press(page, ".rank .place a")
        expect(page.locator(".bars tbody tr").first).to_be_visible()
        press(page, "nav a[href='/alerts']")
        press(page, ".cards a")
        press(page, ".answer-bar button")
        expect(page.locator("main > .sub").first).to_contain_text("已签收")
        page.goto(f"{base}/")
        press(page, ".figures a")
        expect(page.locator("#changes_entered")).to_be_visible()

        assert visit.faults == []
