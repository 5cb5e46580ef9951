"""What routes read from: one application's sources at one moment."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from features.errors import PausedError
from serving.operations.integrity import IntegrityWatch, Vault
from serving.rankings.expiry import PublishingTerms
from serving.rankings.ledger import newest
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import Pause
from serving.server.dependencies import AppState, _unpaused, nothing_overdue
from serving.server.list_cache import Head, RankingCache
from serving.server.responses import Freshness
from serving.settings import Settings
from tests.serving.alerts.conftest import NOW, Days
from tests.support.visitors import Clock

PAUSE = Pause("a1", datetime(2026, 1, 9, 8, tzinfo=UTC), PauseReason.DATA_FAULT)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW + timedelta(hours=1))


@pytest.fixture
def state(empty_engine, home, clock) -> AppState:
    """The sources of an application with one list."""
    settings, engine = Settings(), empty_engine
    Days(engine).publish()
    freshness = Freshness(settings.tz, timedelta(hours=settings.serving.stale_after_hours))
    shelf, watch = RankingCache(engine, 2, clock, timedelta(0)), IntegrityWatch(Vault(home, engine, None))
    return AppState(
        shelf, freshness, clock, bytes(32), settings.alerts, home, settings.serving, nothing_overdue, watch, PublishingTerms.of(settings)
    )


def test_local_now_is_the_day_of_the_home_and_not_of_london(state, clock):
    clock.now = datetime(2028, 2, 29, 16, 30, tzinfo=UTC)

    assert ("2028-03-01T00:30:00+08:00", ZoneInfo("Asia/Shanghai")) == (state.local_now().isoformat(), state.local_now().tzinfo)


@pytest.mark.parametrize(("hours", "stale"), [(0, False), (1, True)])
def test_list_is_shown_stale_once_it_is_too_old(state, clock, hours, stale):
    head = Head.of(newest(state.shelf.engine))
    clock.now = head.entry.published_at + state.freshness.after + timedelta(hours=hours)

    assert (head, stale) == (state.show(head).head, state.show(head).stale)


def test_health_names_what_the_watch_and_the_cache_found(state):
    sound = state.health()
    state.integrity.damaged = {"keys": True, "guards": False}
    state.shelf.damaged[1] = "a row was changed"

    assert ([], ["keys", "ledger"]) == (list(sound.damaged), list(state.health().damaged))


def test_health_names_a_ledger_once_that_both_found_damaged(state):
    state.integrity.damaged = {"ledger": True}
    state.shelf.damaged[1] = "a row was changed"

    assert ["ledger"] == list(state.health().damaged)


def test_lists_of_a_paused_service_are_refused_with_who_and_why(state):
    assert state is asyncio.run(_unpaused(state))
    paused = replace(state, shelf=SimpleNamespace(pause=PAUSE))

    with pytest.raises(PausedError, match=r"a1 paused publishing at 2026-01-09T08:00:00\+00:00 \(data_fault\)"):
        asyncio.run(_unpaused(paused))


def test_nothing_is_overdue_where_no_work_runs_beside_the_service():
    assert () == nothing_overdue(datetime(2026, 1, 9, tzinfo=UTC))
