"""A real server and a real browser; everything the browser asks of other hosts, and every word on its console, is kept."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from serving.app import create_app
from tests.support.loopback import on_loopback
from tests.support.people import NOW
from tests.support.published_world import World
from tests.support.visitors import PASSWORD, Clock

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[2] / "serving" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
MOST_TABS = 80


@dataclass
class Visit:
    """One window, signed in; what it should not have done is in `faults`."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def sign_in(self, name: str) -> None:
        """Sign in by keys alone: the cursor begins in the first field."""
        self.page.goto(f"{self.base}/login")
        self.page.wait_for_selector("[name=name]:focus")
        self.page.keyboard.type(name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda address: "/login" not in address)

    def serious(self) -> list[str]:
        """Return what axe finds on this page that is more than minor."""
        self.page.evaluate(AXE.read_text(encoding="utf-8") + ";0")  # not as a script of the page: its policy forbids that
        found = self.page.evaluate("axe.run()")["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] != "minor"]


def press(page: Page, selector: str) -> None:
    """Go with the Tab key to the first element that fits, press Enter, and wait for the page it leads to."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement === document.querySelector(selector)", selector):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key on {page.url}")


@contextmanager
def serving(world: World, now: datetime = NOW) -> Iterator[str]:
    """Serve a world on a free port of this machine and yield its address."""
    with on_loopback(lambda _: create_app(world.settings, world.home, Clock(now))) as base:
        yield base


@contextmanager
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, base: str, size: tuple[int, int] = (1920, 1080), language: str = "zh", theme: str = "light", *, workers: bool = True
) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, bypass_csp=False, service_workers="allow" if workers else "block"
    )
    context.add_cookies(
        [{"name": f"yujing_{name}", "value": value, "url": base} for name, value in (("language", language), ("theme", theme))]
    )
    visit = Visit(context.new_page(), base)
    visit.page.on("console", lambda message: visit.faults.append(message.text) if message.type in {"error", "warning"} else None)
    visit.page.on("pageerror", lambda error: visit.faults.append(str(error)))
    visit.page.on("request", lambda request: visit.faults.append(request.url) if not request.url.startswith((base, "data:")) else None)
    yield visit
    context.close()
