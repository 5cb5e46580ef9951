"""From an Excel ledger to a list, by an analyst without a shell, in a real browser."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from features.database.engine import open_database
from features.storage.home import Home
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.cli.serve import PROGRAM
from serving.settings import Settings
from tests.support.browser import Visit, chromium, window
from tests.support.ledgers import GRIDS, write_ledger
from tests.support.loopback import on_loopback
from tests.support.visitors import sign_up

MOST_MILLISECONDS = 900_000
NOW = datetime.now(ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def visit(tmp_path: Path, quick_settings: None) -> Iterator[tuple[Visit, Home]]:
    """Open a browser on an empty home that has an analyst."""
    home = Home(tmp_path / "home")
    engine = open_database(home.database_url)
    sign_up(engine, NOW, Role.ANALYST, name="analyst")
    app = create_app(Settings.load(), home)
    app.state.site = replace(app.state.site, program=(sys.executable, "-P", "-c", PROGRAM, "--home", str(home.root)))
    with on_loopback(lambda _: app) as base, chromium() as browser, window(browser, base, (1440, 900)) as opened:
        opened.page.set_default_timeout(MOST_MILLISECONDS)
        yield opened, home
    engine.dispose()


def end_of(page: Page, name: str) -> None:
    """Wait until the job of a page has ended well."""
    page.wait_for_function("() => !document.querySelector('progress') && document.querySelector('[role=status] h2')")
    assert f"已完成：{name}" == page.inner_text("[role=status] h2"), page.inner_text("main")


@pytest.mark.full
def test_ledger_of_three_sheets_becomes_a_list_without_a_shell(visit, tmp_path: Path) -> None:
    (opened, home), page = visit, visit[0].page
    ledger = write_ledger(tmp_path / "矛盾纠纷台账.xlsx", NOW.replace(tzinfo=None))

    opened.sign_in("analyst")
    assert page.url.endswith("/start")
    page.click("text=接入数据 >> nth=-1")
    page.set_input_files("[name=file]", ledger)
    page.click("text=上传并查看")
    assert "工作表“填表说明”：不读取（列不相同）" in page.inner_text("main")
    assert "工作表“上半段”：读取，表头在第2行" in page.inner_text("main")
    assert opened.serious() == []
    page.select_option("[name='column:grid_id']", "网格编码")
    page.click("#try")
    end_of(page, "试运行")
    assert ("1200", "1200") == (page.inner_text("#read"), page.inner_text("#accepted"))
    assert "其上1行未读取。" in page.text_content("main")
    page.click("#take_in")
    end_of(page, "接入数据")
    assert "1200" == page.inner_text("#accepted")
    assert [] == list(home.uploads.iterdir())
    page.select_option("form[action='/data/train'] [name=target]", "overdue")
    page.click("form[action='/data/train'] button")
    end_of(page, "训练模型")
    page.fill("[name=reason]", "第一个模型")
    page.check("[name=override]")
    page.select_option("form[action='/data/promote'] [name=target]", "overdue")
    page.click("form[action='/data/promote'] button")
    end_of(page, "启用模型")
    page.select_option("form[action='/data/rank'] [name=target]", "overdue")
    page.click("form[action='/data/rank'] button")
    end_of(page, "发布清单")
    page.wait_for_timeout(3_000)
    page.goto(f"{opened.base}/")
    assert f"{GRIDS}个网格" in page.inner_text("main")
    assert opened.faults == []
