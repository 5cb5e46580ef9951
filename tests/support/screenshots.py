"""`make shots`: a picture of every page of a home, at five sizes, in both languages, light and dark, to be looked at.

Arguments: the home, which is left as it is, and the folder for the pictures. What a page should not do, such as run over its width, is
printed.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import islice, product
from pathlib import Path

from playwright.sync_api import Browser
from sqlalchemy import select, update

from features.database.alert_tables import alert
from features.database.engine import reading, writing
from features.database.tables import grid
from features.targets import DEFAULT_TARGET
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.audit import OPERATOR
from serving.cli.workspace import Workspace
from serving.intake.uploads import hold
from serving.pages.layout import THEMES
from serving.pages.translations import LANGUAGES
from serving.rankings.ledger import newest
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause, resume
from serving.settings import Settings
from serving.situation_report.archive import kept_reports
from serving.situation_report.period import read_period
from serving.verification.cells import count_cells
from serving.verification.statement import keep_account, kept_accounts
from tests.serving.pages.test_pages import alerts_below
from tests.support.browser import Visit, chromium, serving, window
from tests.support.published_world import World, open_world
from tests.support.visitors import PASSWORD, sign_up

PHONE = (390, 844)
SIZES = ((1920, 1080), (3840, 2160), (3840, 1080), (1366, 768), PHONE)
"""A wall, a large one, a wide one, the laptop of an office, and a phone."""
VIEWER = "viewer-"
"""Before the names of the accounts that look, for the home has accounts of its own."""
LEDGER_LINES = 300
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
        for language, theme, size in product(LANGUAGES, THEMES, SIZES):
            folder = self.out / f"{language}-{theme}-{size[0]}x{size[1]}"
            with window(self.browser, self.base, size, language, theme) as visit:
                visit.page.goto(f"{self.base}/login")
                _take(visit, folder / "login.png")
                visit.sign_in(f"{VIEWER}{name}")
                for page, address in addresses.items():
                    visit.page.goto(f"{self.base}{address}")
                    _take(visit, folder / f"{page}.png")
                    for fault in (*_overflow(visit), *visit.serious()):
                        sys.stdout.write(f"{folder.name} {address}: {fault}\n")


def shoot(home: Path, out: Path) -> None:
    with chromium() as browser, _copied(home) as world:
        entry = newest(world.engine)
        now, day = entry.published_at + timedelta(hours=3), entry.origin.as_of
        town = _busiest(world)
        answered, fresh = alerts_below(world, town)[0], alerts_below(world, town)[-1]
        accounts = _sign_up(world, town, now)
        token = _upload(world, accounts["analyst"], home / "files" / "cases.csv", now)
        _account_for(world, day, now)
        with serving(world, now) as base:
            studio = Studio(base, browser, out)
            studio.shoot("centre", _centre_pages(town, answered[1], str(day - timedelta(days=3))) | _papers(world))
            studio.shoot("town", {"town": "/", "town-alerts": "/alerts", "town-brief": "/brief"})
            studio.shoot("analyst", ANALYST_PAGES | {"file": f"/data/files/{token}"})
            studio.shoot("chief", CHIEF_PAGES | {"person": f"/admin/accounts/{accounts['town']}"})
            studio.shoot("auditor", {"corrections": "/corrections", "audit": "/audit"})
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


def _upload(world: World, holder: str, ledger: Path, now: datetime) -> str:
    """Hold the first lines of a ledger for an account, as its page does, and return the name of the upload."""
    with ledger.open("rb") as lines:
        beginning = b"".join(islice(lines, LEDGER_LINES))
    return hold(world.home, holder, ("矛盾纠纷台账.csv", BytesIO(beginning)), None, now).token


def _account_for(world: World, day: date, now: datetime) -> None:
    """Keep the account of the month so far, as if all its escalations were known."""
    month, (facts, _) = read_period(f"{day:%Y-%m}"), Workspace(world.home, None).facts(DEFAULT_TARGET)
    counted = count_cells(facts, world.engine, world.settings.tz, month, DEFAULT_TARGET)
    keep_account(world.home, world.engine, (month, DEFAULT_TARGET), counted, now)


def _papers(world: World) -> dict[str, str]:
    """Return the first report and the account that a home keeps."""
    report, account = kept_reports(world.home)[0].name, kept_accounts(world.home)[0]
    return {"report": f"/reports/{report}", "list-account": f"/verifications/{account}"}


ANALYST_PAGES = {"models": "/models", "compare": "/models/compare", "data": "/data", "score": "/score"}
CHIEF_PAGES = {
    "admin": "/admin",
    "rule": "/admin/rule?enter_share=0.1&leave_share=0.2",
    "import": "/admin/import",
    "settings": "/admin/settings",
    "start": "/start",
    "template": "/reports/template",
}


def _centre_pages(town: str, grid_id: str, past: str) -> dict[str, str]:
    return {
        "command": "/",
        "past": f"/?date={past}",
        "townships": "/?level=township",
        "township": f"/?area={town}",
        "brief": "/brief",
        "changes": "/changes",
        "reports": "/reports",
        "undertakings": "/undertakings",
        "service": "/service",
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


def _overflow(visit: Visit) -> list[str]:
    """Return by how much a page is wider than its window."""
    over = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{over} px wider than the window"] if over > 0 else []


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


def _sign_up(world: World, town: str, now: datetime) -> dict[str, str]:
    """Open an account for everybody who looks and return their ids by name."""
    people = {"analyst": (Role.ANALYST, ""), "auditor": (Role.AUDITOR, ""), "centre": (Role.COMMAND, "")}
    people |= {"town": (Role.TOWNSHIP, town), "worker": (Role.GRID_WORKER, town)}
    actors = {name: sign_up(world.engine, now, role, area, f"{VIEWER}{name}")[0] for name, (role, area) in people.items()}
    chief, password = create_account(world.engine, NewAccount(f"{VIEWER}chief", Role.ANALYST, EVERYTHING, administers=True), OPERATOR, now)
    change_password(world.engine, chief.actor, password, PASSWORD, now)
    return {name: actor.account_id for name, actor in actors.items()}


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), Path(sys.argv[2]))
