"""Journeys on the demo's own home, as people take them: by links, by keys, and by addresses that are typed."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import openpyxl
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

pytest.importorskip("playwright", reason="Playwright is not installed")

from playwright.sync_api import Browser, Page, expect

from features.database.alert_tables import alert
from features.database.engine import reading
from features.database.tables import grid
from serving.accounts.permissions import Role
from serving.cli import demo, demo_history
from serving.cli.main import app
from serving.rankings.ledger import newest
from serving.settings import Settings
from tests.support.browser import Visit, chromium, press, serving, window
from tests.support.published_world import World, open_world
from tests.support.visitors import sign_up

pytestmark = pytest.mark.full

PHONE = (390, 844)
MOST_PAGES = 60
OPEN = re.compile(r"共(\d+)条")


@pytest.fixture(scope="module")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What `yujing demo` makes of the smallest district, whose alerts nobody has answered yet, and people who look at it."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "YEARS", 1)
        patch.setattr(demo, "LIST_DAYS", 3)
        patch.setattr(demo_history, "COURSES", {"unanswered": (100, ())})
        CliRunner().invoke(app, ["--home", str(folder), "demo", "--preset", "tiny", "--no-serve"], catch_exceptions=False)
    (root,) = folder.iterdir()
    world = open_world(root, Settings.load(root / "config.yaml"))
    now = newest(world.engine).published_at
    sign_up(world.engine, now, Role.COMMAND, "", "centre")
    for name, role in (("town", Role.TOWNSHIP), ("li", Role.GRID_WORKER)):
        sign_up(world.engine, now, role, township(world), name)
    yield world
    world.engine.dispose()


@pytest.fixture(scope="module")
def base(demo_world: World) -> Iterator[str]:
    with serving(demo_world, newest(demo_world.engine).published_at + timedelta(hours=3)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def township(world: World) -> str:
    """Return a township with an alert."""
    with reading(world.engine) as connection:
        path: str = connection.execute(select(alert.c.path).order_by(alert.c.path)).scalars().first()
    return "/".join(path.split("/")[:2])


def open_notices(visit: Visit) -> int:
    visit.page.goto(f"{visit.base}/")
    return int(OPEN.search(visit.page.inner_text("main"))[1])


def test_command_centre_goes_from_the_login_to_the_reasons_of_a_grid(browser: Browser, base: str) -> None:
    with window(browser, base) as visit:
        visit.sign_in("centre")
        page = visit.page
        page.get_by_role("link", name="镇街", exact=True).click()
        page.locator(".mapsvg .grid-borders a").first.click()
        expect(page.locator(".crumb a")).to_have_count(2)
        page.locator(".rank .place a").first.click()

        expect(page.locator(".bars tbody tr").first).to_be_visible()
        expect(page.get_by_text("各项相加为预计件数")).to_be_visible()
        assert visit.faults == []


def test_staff_take_an_alert_to_its_end_by_keys_alone_and_the_command_screen_shows_it(browser: Browser, base: str) -> None:
    with window(browser, base, PHONE) as staff, window(browser, base) as centre:
        centre.sign_in("centre")
        before = open_notices(centre)
        staff.sign_in("li")
        press(staff.page, ".cards a")
        address = staff.page.url
        answer = ".answer-bar button"
        for button, said in ((answer, "已签收"), ("[name=found]", "已签收"), (answer, "处置中"), (answer, "已销号")):
            press(staff.page, button)
            assert staff.page.url == address
            expect(staff.page.locator("main > .sub").first).to_contain_text(said)

        assert open_notices(centre) == before - 1
        assert (staff.faults, centre.faults) == ([], [])


def test_township_reaches_nothing_of_another_by_any_link_or_typed_address(browser: Browser, base: str, demo_world: World) -> None:
    own = township(demo_world)
    with reading(demo_world.engine) as connection:
        places = connection.execute(select(grid.c.grid_id, grid.c.parent_path)).all()
    others = [place for place in places if not place.parent_path.startswith(own)]
    with window(browser, base) as visit:
        visit.sign_in("town")
        seen = follow_links(visit.page, base)
        typed = [f"/grids/{others[0].grid_id}", f"/?area={quote(others[0].parent_path)}", f"/map?area={quote(others[0].parent_path)}"]

        assert len(seen) > 10
        assert [address for address, text in seen.items() for place in others if place.grid_id in text] == []
        assert [visit.page.request.get(f"{base}{address}").status for address in typed] == [404, 404, 404]


def follow_links(page: Page, base: str) -> dict[str, str]:
    """Return the text of every page that links lead to from the start, by address."""
    seen: dict[str, str] = {}
    waiting = ["/"]
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        if address in seen:
            continue
        answer = page.request.get(f"{base}{address}")
        assert (address, answer.status) == (address, 200)
        seen[address] = answer.text()
        waiting += [found.replace("&amp;", "&") for found in re.findall(r'href="(/[^"#]*)"', seen[address]) if "/static" not in found]
    return seen


def test_export_opens_as_a_workbook_with_chinese_and_no_formulas(browser: Browser, base: str, tmp_path) -> None:
    with window(browser, base) as visit:
        visit.sign_in("centre")
        visit.page.get_by_role("link", name="导出").click()
        visit.page.get_by_label("矛盾化解").check()
        with visit.page.expect_download() as download:
            visit.page.get_by_role("button", name="导出为XLSX").click()
        download.value.save_as(tmp_path / "list.xlsx")
        sheet = openpyxl.load_workbook(tmp_path / "list.xlsx").active
        rows = list(sheet.iter_rows(values_only=True))

        assert "用于服务排期" in rows[0][0]
        assert rows[1][:4] == ("网格编码", "镇街", "社区（村）", "网格")
        assert re.fullmatch(r"[一-龥]+(?:街道|镇|乡)", rows[2][1])
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
        assert visit.faults == []
