"""`make shots`: a picture of every page of a home, at both sizes, in both languages, light and dark, to be looked at.

Arguments: the home, which is left as it is, and the folder for the pictures.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser
from sqlalchemy import select, update

from features.database.alert_tables import alert
from features.database.engine import reading, writing
from features.database.tables import grid
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.audit.audit_log import OPERATOR
from serving.pages.layout import THEMES
from serving.pages.translations import LANGUAGES
from serving.rankings.ledger import newest
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause, resume
from serving.settings import Settings
from tests.serving.pages.test_pages import alerts_below
from tests.support.browser import Visit, chromium, serving, window
from tests.support.published_world import World, open_world
from tests.support.visitors import PASSWORD, sign_up

WALL, PHONE = (1920, 1080), (390, 844)
FITS = {"alert"}
"""Pages that are made for one view of the phone; of all others the picture is as long as the page."""


@dataclass(frozen=True)
class Studio:
    """A server, a browser, and where the pictures go."""

    base: str
    browser: Browser
    out: Path

    def shoot(self, name: str, addresses: Mapping[str, str]) -> None:
        """Take every page that somebody sees, the login before them."""
        for language, theme, size in product(LANGUAGES, THEMES, (WALL, PHONE)):
            folder = self.out / f"{language}-{theme}-{size[0]}"
            with window(self.browser, self.base, size, language, theme) as visit:
                visit.page.goto(f"{self.base}/login")
                _take(visit, folder / "login.png")
                visit.sign_in(name)
                for page, address in addresses.items():
                    visit.page.goto(f"{self.base}{address}")
                    _take(visit, folder / f"{page}.png")

    def answer(self, alert_id: str, grid_id: str) -> None:
        """Let staff acknowledge an alert, tell of its reasons, and contest its grid."""
        with window(self.browser, self.base, PHONE) as visit:
            visit.sign_in("worker")
            for button in (".tri button", ".ans button"):
                visit.page.goto(f"{self.base}/alerts/{alert_id}")
                with visit.page.expect_navigation():
                    visit.page.locator(button).first.click()
            visit.page.goto(f"{self.base}/grids/{grid_id}")
            visit.page.locator("[name=reason]").first.check()
            with visit.page.expect_navigation():
                visit.page.locator("form:has([name=reason]) button").click()


def shoot(home: Path, out: Path) -> None:
    with chromium() as browser, _copied(home) as world:
        entry = newest(world.engine)
        now, day = entry.published_at + timedelta(hours=3), entry.origin.as_of
        town = _busiest(world)
        answered, fresh = alerts_below(world, town)[0], alerts_below(world, town)[-1]
        _sign_up(world, town, now)
        with serving(world, now) as base:
            studio = Studio(base, browser, out)
            studio.answer(*answered)
            studio.shoot("centre", _centre_pages(town, answered[1], str(day - timedelta(days=3))))
            studio.shoot("town", {"town": "/", "town-alerts": "/alerts"})
            studio.shoot("analyst", {"models": "/models"})
            studio.shoot("chief", {"admin": "/admin", "rule": "/admin/rule?enter_share=0.1&leave_share=0.2"})
            studio.shoot("auditor", {"corrections": "/corrections"})
            studio.shoot("worker", {"alerts": "/alerts", "alert": f"/alerts/{fresh[0]}", "answered": f"/alerts/{answered[0]}"})
        with serving(world, now + timedelta(days=4)) as base:
            Studio(base, browser, out).shoot("centre", {"stale": "/"})
        _shoot_paused(world, browser, out, now)
        _shoot_without_borders(world, browser, out, now)


def _busiest(world: World) -> str:
    """Return the township with most alerts."""
    with reading(world.engine) as connection:
        towns = Counter("/".join(path.split("/")[:2]) for path in connection.execute(select(alert.c.path)).scalars())
    return towns.most_common(1)[0][0]


def _centre_pages(town: str, grid_id: str, past: str) -> dict[str, str]:
    return {
        "command": "/",
        "past": f"/?date={past}",
        "townships": "/?level=township",
        "township": f"/?area={town}",
        "grids": "/grids",
        "grid": f"/grids/{grid_id}",
        "export": "/export",
        "password": "/password",
        "missing": "/grids/none",
    }


def _shoot_paused(world: World, browser: Browser, out: Path, now: datetime) -> None:
    pause(world.engine, OPERATOR, PauseReason.DATA_FAULT, now)
    with serving(world, now) as base:
        Studio(base, browser, out).shoot("centre", {"paused": "/"})
    resume(world.engine, OPERATOR, now)


def _shoot_without_borders(world: World, browser: Browser, out: Path, now: datetime) -> None:
    with writing(world.engine) as connection:
        connection.execute(update(grid).values(geometry=None))
    with serving(world, now) as base:
        Studio(base, browser, out).shoot("centre", {"tiles": "/", "tiled-townships": "/?level=township"})


def _take(visit: Visit, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    visit.page.screenshot(path=path, full_page=path.stem not in FITS)


@contextmanager
def _copied(home: Path) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(home, Path(folder) / "home")
        config = home / "files" / "config.yaml"
        world = open_world(Path(folder) / "home", Settings.load(config if config.exists() else None))
        yield world
        world.engine.dispose()


def _sign_up(world: World, town: str, now: datetime) -> None:
    for role in (Role.ANALYST, Role.AUDITOR):
        sign_up(world.engine, now, role, "", role)
    sign_up(world.engine, now, Role.COMMAND, "", "centre")
    for name, role in (("town", Role.TOWNSHIP), ("worker", Role.GRID_WORKER)):
        sign_up(world.engine, now, role, town, name)
    chief, password = create_account(world.engine, NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True), OPERATOR, now)
    change_password(world.engine, chief.actor, password, PASSWORD, now)


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), Path(sys.argv[2]))
