import asyncio
from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from serving.app import create_app
from serving.operations.health import overdue_work
from serving.server.list_cache import RankingCache
from serving.settings import Settings
from tests.support.access_matrix import Request, by, running
from tests.support.databases import reword_rows
from tests.support.published_lists import publish_day
from tests.support.townships import NOW
from tests.support.visitors import Clock, sign_up

READY = Request("GET", "/readyz")


@pytest.fixture
def engine(empty_engine):
    return empty_engine


@pytest.fixture
def app(home):
    return create_app(Settings(), home, Clock(NOW))


def publish_and_tamper(engine, number):
    """Publish a list and change a row of it behind the ledger's back."""
    entry = publish_day(engine, number)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS ranking_row_refuses_UPDATE"))
        reword_rows(connection, entry.id, "watch", "routine")


async def look_after_tampering(app, engine):
    """Return the statuses of readiness and of the list, and the list's name, once the newest list is no longer what was published."""
    headers = by(sign_up(engine, NOW)[1])
    async with running(app) as application:
        publish_and_tamper(engine, 1)
        ready = await application.ask(READY)
        listed = await application.ask(Request("GET", "/v1/rankings", headers=headers))
        return ready.status, listed.status, listed.headers["x-ranking-id"]


def test_not_ready_with_a_list_that_is_not_what_was_published_and_the_last_good_one_is_served(app, engine):
    good = publish_day(engine, 0)

    assert (503, 200, good.ranking_id) == asyncio.run(look_after_tampering(app, engine))


def test_readiness_that_looks_at_nothing_would_be_found(app, engine, monkeypatch):
    publish_day(engine, 0)
    look = RankingCache.refresh
    monkeypatch.setattr(RankingCache, "refresh", lambda self: None if self.current else look(self))

    assert 200 == asyncio.run(look_after_tampering(app, engine))[0]


async def look_after_start(app, engine):
    """Return readiness and the newest list of a service that starts now."""
    headers = by(sign_up(engine, NOW)[1])
    async with running(app) as application:
        return await application.ask(READY), await application.ask(Request("GET", "/v1/rankings", headers=headers))


def test_start_with_a_damaged_newest_list_shows_the_one_before_and_is_not_ready(app, engine):
    good = publish_day(engine, 0)
    publish_and_tamper(engine, 1)
    ready, listed = asyncio.run(look_after_start(app, engine))

    assert (503, 200, good.ranking_id) == (ready.status, listed.status, listed.headers["x-ranking-id"])
    assert b"The newest list is not as it was published and not shown" in ready.body


def test_start_with_damaged_lists_alone_says_so_and_not_that_there_is_none(app, engine):
    publish_and_tamper(engine, 0)
    ready, listed = asyncio.run(look_after_start(app, engine))

    assert (503, 503) == (ready.status, listed.status)


def test_ready_with_a_sound_list_above_a_damaged_one(app, engine):
    publish_and_tamper(engine, 0)
    good = publish_day(engine, 1)
    ready, listed = asyncio.run(look_after_start(app, engine))

    assert (200, good.ranking_id) == (ready.status, listed.headers["x-ranking-id"])


def test_ready_without_any_list_once_that_is_certain(app, engine):
    async def run():
        async with running(app) as application:
            return (await application.ask(READY)).body

    assert b'"ranking_id":null' in asyncio.run(run())


async def readiness(app):
    async with running(app) as application:
        answer = await application.ask(READY)
        return answer.status, answer.body.decode()


def test_not_ready_while_a_list_is_due_and_missing(home, engine):
    publish_day(engine, 0)
    overdue = overdue_work(["deliveries to desk"], [date(2026, 1, 9)])
    status, body = asyncio.run(readiness(create_app(Settings(), home, Clock(NOW), overdue=lambda _: overdue)))

    assert 503 == status
    assert "Background tasks are stuck: deliveries to desk" in body
    assert "missing: 2026-01-09" in body


def test_not_ready_with_too_little_disk(app, engine, monkeypatch):
    publish_day(engine, 0)
    monkeypatch.setattr("features.storage.home.shutil.disk_usage", lambda _: SimpleNamespace(total=100 << 30, free=4 << 30))

    assert 503 == asyncio.run(readiness(app))[0]
    monkeypatch.setattr("features.storage.home.shutil.disk_usage", lambda _: SimpleNamespace(total=100 << 30, free=6 << 30))
    assert 200 == asyncio.run(readiness(app))[0]
