"""`make shots`: a picture of every page of a home, at both sizes, in both languages, light and dark, to be looked at.

Arguments: the home, which is left as it is, and the folder for the pictures.
"""

import shutil
import sys
import tempfile
from datetime import timedelta
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser

from serving.ledger import newest
from serving.pages.catalogue import LANGUAGES
from serving.pages.frame import THEMES
from serving.settings import Settings
from tests.serving.pages.browser import chromium, serving, window
from tests.serving.pages.people import PEOPLE
from tests.serving.pages.test_pages import alerts_below
from tests.serving.visitors import sign_up
from tests.serving.world import World, open_world

WALL, DESK, PHONE = (1920, 1080), (1440, 900), (390, 844)


def shoot(home: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        shutil.copytree(home, Path(folder) / "home")
        config = home / "files" / "config.yaml"
        world = open_world(Path(folder) / "home", Settings.load(config if config.exists() else None))
        now = newest(world.engine).published_at + timedelta(hours=3)
        for name in PEOPLE:
            sign_up(world.engine, now, PEOPLE[name][0], "", name)
        with serving(world, now) as base:
            for language, theme in product(LANGUAGES, THEMES):
                _shoot_pages(browser, base, world, out / f"{language}-{theme}")


def _shoot_pages(browser: Browser, base: str, world: World, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    language, theme = out.name.split("-")
    alert_id, grid_id = alerts_below(world, "")[-1]
    desk = {"grids": "/grids", "grid": f"/grids/{grid_id}", "models": "/models", "export": "/export"}
    tours = (
        ("centre", WALL, {"command": "/", "townships": "/?level=township"}),
        ("centre", DESK, {**desk, "command": "/"}),
        ("worker", PHONE, {"alerts": "/alerts", "alert": f"/alerts/{alert_id}"}),
    )
    for name, size, addresses in tours:
        with window(browser, base, size, language, theme) as visit:
            visit.page.goto(f"{base}/login")
            visit.page.screenshot(path=out / f"login-{size[0]}.png")
            visit.sign_in(name)
            for page, address in addresses.items():
                visit.page.goto(f"{base}{address}")
                visit.page.screenshot(path=out / f"{page}-{size[0]}.png", full_page=size == DESK)


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), Path(sys.argv[2]))
