"""No script from data, no way off the site, no frame around it, and no change without its token."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urljoin, urlsplit

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed")

from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, Page
from sqlalchemy import insert, select, update

from features.database.engine import reading, writing
from features.database.tables import grid, model_publication
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.accounts.sessions import issue_token
from serving.app import create_app
from serving.audit import OPERATOR
from serving.pages import layout
from serving.server.auth import Needs
from serving.settings import AlertSettings
from tests.serving.pages.conftest import BACKTEST, draw_borders
from tests.serving.server.test_auth import calls
from tests.support.browser import Visit, chromium, serving
from tests.support.hostile import ELSEWHERE, TEXTS
from tests.support.published_world import AS_OF, PUBLISHED_AT, World
from tests.support.visitors import PASSWORD

GRIDS = 40
ALERTING = AlertSettings(enter_share=1, leave_share=1, per_township=GRIDS, exploration_share=0, blind_review_share=0)
DAYS = len(TEXTS) // GRIDS
WITHOUT_A_SESSION = {"/login", "/look", "/v1/platforms/{name}/answers"}
"""The last is opened by the signature of a platform, and knows no cookie."""
REFLECTED = ("/?area={}", "/grids/{}", "/login?next={}")
"""Addresses a part of which could come back."""


@pytest.fixture
def hostile_world(world: World) -> World:
    """Each text is the name of a grid on one day and of a token, and stands in the record of models and the notes of a backtest."""
    draw_borders(world)
    world = replace(world, settings=world.settings.model_copy(update={"alerts": ALERTING}))
    for day in range(DAYS):
        _rename(world, TEXTS[day * GRIDS : (day + 1) * GRIDS])
        world.rank(AS_OF + timedelta(days=day + 1 - DAYS), PUBLISHED_AT + timedelta(days=day + 1 - DAYS))
    chief = NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True)
    created, password = create_account(world.engine, chief, OPERATOR, PUBLISHED_AT)
    change_password(world.engine, created.actor, password, PASSWORD, PUBLISHED_AT)
    for text in TEXTS:
        issue_token(world.engine, created.actor.account_id, text, PUBLISHED_AT + timedelta(days=30), PUBLISHED_AT)
    with writing(world.engine) as connection:
        known = dict(connection.execute(select(model_publication)).mappings().one()) | {"id": None}
        past = [known | {"published_at": known["published_at"] - timedelta(days=1)} for _ in TEXTS]
        texts = [{"published_by": text, "reason": text, "override": text} for text in TEXTS]
        connection.execute(insert(model_publication), [_without_id(row | said) for row, said in zip(past, texts, strict=True)])
    backtest = json.dumps(BACKTEST | {"notes": TEXTS})
    for folder in world.home.published.iterdir():
        (folder / "backtest.json").write_text(backtest, encoding="utf-8")
    return world


def _rename(world: World, names: list[str]) -> None:
    with writing(world.engine) as connection:
        ids = connection.execute(select(grid.c.grid_id).order_by(grid.c.grid_id)).scalars().all()
        for grid_id, name in zip(ids, names, strict=True):
            connection.execute(update(grid).where(grid.c.grid_id == grid_id).values(name=name))


def _without_id(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "id"}


def addresses(world: World) -> list[str]:
    """Return every page that shows what is stored."""
    with reading(world.engine) as connection:
        grids = connection.execute(select(grid.c.grid_id)).scalars().all()
    days = [AS_OF - timedelta(days=day) for day in range(DAYS)]
    listed = [f"{page}?date={day}" for day in days for page in ("/", "/grids", "/export")]
    return ["/admin", "/models", "/alerts", "/corrections", *listed, *(f"/grids/{grid_id}" for grid_id in grids)]


@contextmanager
def listening(browser: Browser, base: str) -> Iterator[tuple[Page, list[str]]]:
    """Open a window that passes over the policy, so that escaping alone holds, and keep what scripts say."""
    context = browser.new_context(bypass_csp=True)
    page, said = context.new_page(), []
    page.on("dialog", lambda dialog: (said.append(f"{page.url}: {dialog.message}"), dialog.dismiss()))
    Visit(page, base).sign_in("chief")
    yield page, said
    context.close()


@pytest.mark.full
def test_two_hundred_texts_wherever_a_page_shows_them_run_nowhere(hostile_world: World) -> None:
    with serving(hostile_world) as base, chromium() as browser, listening(browser, base) as (page, said):
        for address in addresses(hostile_world):
            page.goto(f"{base}{address}")
        listed = page.context.request.get(f"{base}/alerts").text()
        alerts = sorted(set(re.findall(r'href="(/alerts/[0-9a-f]+)"', listed)))
        for address in alerts:
            page.goto(f"{base}{address}")
        page.goto(f"{base}/admin")
        shown = page.content()

        assert said == []
        assert len(alerts) > GRIDS / 2
        assert page.locator("td", has_text="alert(1)").count() >= len(TEXTS)
        assert "<script>alert" not in shown


@pytest.mark.full
@pytest.mark.parametrize("address", REFLECTED)
def test_two_hundred_texts_in_an_address_run_nowhere(hostile_world: World, address: str) -> None:
    with serving(hostile_world) as base, chromium() as browser, listening(browser, base) as (page, said):
        for text in TEXTS:
            page.goto(f"{base}{address.format(quote(text, safe=''))}")
            assert page.url.startswith(f"{base}/")

        assert said == []


@pytest.mark.full
def test_page_that_forgets_to_escape_is_heard(hostile_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = layout._environment()
    environment.cache.clear()
    monkeypatch.setattr(environment, "autoescape", False)
    with serving(hostile_world) as base, chromium() as browser, listening(browser, base) as (page, said):
        page.goto(f"{base}/admin", wait_until="commit")
        page.wait_for_timeout(2_000)
    environment.cache.clear()

    assert said != []


@pytest.mark.full
def test_pages_open_in_no_frame(seen_world: World) -> None:
    with serving(seen_world) as base, serving(seen_world) as other, chromium() as browser:
        page = browser.new_page(bypass_csp=True)
        for address in ("/login", "/docs", "/grids/nowhere"):
            page.goto(f"{other}/login")
            page.evaluate("address => { document.body.innerHTML = `<iframe src='${address}'></iframe>` }", f"{base}{address}")
            page.wait_for_function("frames.length == 1")
            page.frames[1].wait_for_load_state()
            assert page.frames[1].url.startswith("chrome-error:"), address


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_redirect_leads_away(enter, address: str) -> None:
    visitor = enter()
    looked = visitor.post("/look", data={"theme": "dark", "back": address})
    entered = visitor.post("/login", data={"name": "town", "password": PASSWORD, "next": address})

    assert (303, 303) == (looked.status_code, entered.status_code)
    assert [away for away in (looked.headers["location"], entered.headers["location"]) if leads_away(away)] == []


def leads_away(location: str) -> bool:
    """Read an address as browsers do, which drop control characters and take a backslash for a slash."""
    read = re.sub("^//+", "//", re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/"))
    there = urlsplit(urljoin("http://localhost/", read))
    return (there.scheme, there.netloc) != ("http", "localhost")


def test_addresses_that_lead_away_would_be_noticed() -> None:
    assert {*ELSEWHERE[:11], "javascript:alert(1)"} <= {address for address in ELSEWHERE if leads_away(address)}


def test_every_change_by_a_form_is_refused_without_its_token(enter, seen_world: World) -> None:
    app = create_app(seen_world.settings, seen_world.home)
    routes = [route for route in iter_route_contexts(app.routes) if "POST" in (route.methods or ())]
    guarded = {route.path for route in routes if any(isinstance(call, Needs) for call in calls(route))}
    centre = enter("centre")
    paths = [path.replace("{", "").replace("}", "") for path in guarded]

    assert {route.path for route in routes} - guarded == WITHOUT_A_SESSION
    for data in ({}, {"csrf": "0" * 64}):
        assert [(path, centre.post(path, data=data).status_code) for path in paths] == [(path, 403) for path in paths]
    assert len(paths) > 15


def test_every_page_says_that_nobody_may_frame_it(enter) -> None:
    centre = enter("centre")

    for address in ("/", "/grids", "/alerts", "/export", "/models", "/password", "/login", "/docs", "/grids/nowhere", "/admin"):
        policy = centre.get(address).headers["content-security-policy"]
        assert (address, "frame-ancestors 'none'" in policy, "unsafe" in policy) == (address, True, False)
