"""An empty home: every page helps, none is a dead end, and the steps to the first list are ticked as they are done."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from serving.accounts.permissions import Role
from serving.operations.jobs import Run, record_run
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause
from tests.support.visitors import Clock, sign_up, visit_home

NOW = datetime(2026, 1, 9, 6, tzinfo=UTC)
PAGES = {
    Role.COMMAND: ("/", "/grids", "/grids/G1", "/export", "/models", "/alerts", "/corrections", "/undertakings", "/service"),
    Role.ANALYST: ("/", "/grids", "/export", "/models", "/score", "/alerts", "/undertakings", "/service"),
    Role.TOWNSHIP: ("/", "/grids", "/export", "/alerts", "/corrections"),
    Role.GRID_WORKER: ("/", "/grids", "/alerts"),
    Role.AUDITOR: ("/", "/models", "/audit", "/corrections"),
}


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    return empty_engine


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", list(PAGES))
def test_pages_of_an_empty_home_help_every_role(home, engine, role, language) -> None:
    with visit_home(home, engine, role, Clock(NOW), language) as client:
        answers = {address: client.get(address) for address in PAGES[role]}

    assert dict.fromkeys(PAGES[role], 200) == {address: answer.status_code for address, answer in answers.items()}
    assert [] == [address for address, answer in answers.items() if "/logout" not in answer.text]
    assert "/start" == answers["/grids" if role is not Role.AUDITOR else "/models"].url.path


def test_start_ticks_what_is_done_and_points_at_what_is_next(home, engine) -> None:
    with visit_home(home, engine, Role.COMMAND, Clock(NOW)) as client:
        before = client.get("/start").text
        sign_up(engine, NOW, Role.ANALYST, name="analyst")
        record_run(engine, Run("train", NOW, 1.0))
        after = client.get("/start").text

    assert (0, True, False) == (before.count("✓"), ">由管理员完成。<" in before, ">由分析员完成。<" in before)
    assert (2, False, True) == (after.count("✓"), ">由管理员完成。<" in after, ">由分析员完成。<" in after)
    assert "yujing ingest FILE" in after


def test_pages_of_a_paused_home_say_that_it_is_paused(home, engine) -> None:
    pause(engine, "somebody", PauseReason.MAINTENANCE, NOW)

    with visit_home(home, engine, Role.COMMAND, Clock(NOW)) as client:
        answer = client.get("/grids")

    assert ("/grids", 503, "5") == (answer.url.path, answer.status_code, answer.headers["Retry-After"])
