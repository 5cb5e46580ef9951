import asyncio
import gzip
import shutil
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from features.database.engine import open_database
from features.storage.home import Home
from serving.accounts.permissions import Role
from serving.accounts.sessions import revoke_token, tokens
from serving.app import create_app
from serving.audit import OPERATOR
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause
from serving.server import auth, limits, response_cache
from serving.server.response_cache import MOST_KEPT, ResponseCache
from serving.settings import Settings
from tests.support.access_matrix import Application, Request, by, running
from tests.support.published_lists import FIRST_DAY, publish_day
from tests.support.townships import NOW, fill, township
from tests.support.visitors import Clock, sign_up

FIRST = 2
"""Requests that reach a route before one is answered from memory: whoever asks is looked up by the first."""


class Counted:
    """An application that counts what reaches it."""

    def __init__(self, app):
        self.app, self.reached = app, 0

    async def __call__(self, scope, receive, send):
        self.reached += 1
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A home with five townships on one list, and somebody who sees everything, with a token."""
    home = Home(tmp_path_factory.mktemp("filled") / "home")
    engine = open_database(home.database_url)
    fill(engine)
    account = sign_up(engine, NOW)
    engine.dispose()
    return home, account


@pytest.fixture
def home(filled, tmp_path):
    return Home(shutil.copytree(filled[0].root, tmp_path / "home"))


@pytest.fixture
def engine(empty_engine):
    return empty_engine


@pytest.fixture
def clock():
    return Clock(NOW)


@pytest.fixture
def account(filled):
    return filled[1]


@pytest.fixture
def page(account):
    return Request("GET", "/v1/rankings", (("limit", "7"),), headers=by(account[1]))


@pytest.fixture
def serving(home, clock):
    """Start an application behind answers that are kept, and yield it with the count of what reached it."""

    @asynccontextmanager
    async def start():
        async with running(create_app(Settings(), home, clock)) as application:
            counted = Counted(application._app)
            yield Application(ResponseCache(counted), application._state), counted

    return start


def test_page_asked_for_again_is_sent_again_without_reaching_a_route(serving, page):
    async def run():
        async with serving() as (application, counted):
            return [await application.ask(page) for _ in range(9)], counted.reached

    answers, reached = asyncio.run(run())

    assert [answers[0]] * 9 == answers
    assert (200, FIRST) == (answers[0].status, reached)


def test_kept_answer_is_compressed_only_for_those_who_ask_for_it(home, clock, page):
    async def run():
        packed = Request(**{**vars(page), "headers": {**page.headers, "accept-encoding": "gzip"}})
        async with running(create_app(Settings(), home, clock)) as application:
            return [await application.ask(request) for request in (page, packed, packed, page)]

    answers = asyncio.run(run())

    assert [None, "gzip", "gzip", None] == [answer.headers.get("content-encoding") for answer in answers]
    assert answers[0].body == answers[3].body == gzip.decompress(answers[1].body) == gzip.decompress(answers[2].body)


@pytest.mark.parametrize(
    "another",
    [
        {"query": (("limit", "8"),)},
        {"path": "/v1/grids/x"},
        {"method": "HEAD"},
        {"headers": {"host": "127.0.0.1"}},
        {"headers": {"host": "evil.example"}},
        {"headers": {"host": "evil.example", "HOST": "localhost"}},
        {"headers": {"if-none-match": "*"}},
        {"headers": {"Authorization": "Bearer " + "x" * 43}},
        {"headers": {"Authorization": ""}},
    ],
)
def test_request_that_differs_is_answered_as_if_nothing_were_kept(serving, page, another):
    async def run(*before):
        async with serving() as (application, _):
            for request in before:
                await application.ask(request)
            return await application.ask(differs)

    differs = Request(**{**vars(page), **another, "headers": {**page.headers, **another.get("headers", {})}})

    assert asyncio.run(run()) == asyncio.run(run(page, page))


def test_page_is_shared_by_those_who_see_the_same_and_by_nobody_else(serving, engine, page):
    same, less = (sign_up(engine, NOW, Role.TOWNSHIP, scope)[1] for scope in ("", township(2)))

    async def run():
        async with serving() as (application, counted):
            for headers in (by(same), by(less), page.headers):
                await application.ask(Request("GET", "/v1/grids/x", headers=headers))
            await application.ask(page)
            before = counted.reached
            answers = [await application.ask(Request("GET", page.path, page.query, headers=by(token))) for token in (same, less)]
            return answers, counted.reached - before

    (shared, own), reached = asyncio.run(run())

    assert reached == 1
    assert b'"total":20' in shared.body
    assert b'"total":4' in own.body


@pytest.mark.parametrize(("seconds", "reached"), [(0.9, FIRST), (1.0, FIRST + 1), (-1.0, FIRST + 1)])
def test_page_is_kept_for_a_second(serving, clock, page, seconds, reached):
    async def run():
        async with serving() as (application, counted):
            for _ in range(FIRST):
                await application.ask(page)
            clock.now += timedelta(seconds=seconds)
            await application.ask(page)
            return counted.reached

    assert reached == asyncio.run(run())


async def ask_with_a_revoked_token(serving, engine, clock, account, page):
    """Return what a token is answered before, and a second after, it was revoked elsewhere."""
    async with serving() as (application, _):
        for _ in range(FIRST):
            before = await application.ask(page)
        account_id = account[0].account_id
        revoke_token(engine, account_id, tokens(engine, account_id)[0].token_id, OPERATOR, NOW)
        clock.now += timedelta(seconds=1)
        return before.status, (await application.ask(page)).status


def test_token_that_was_revoked_is_refused_within_a_second(serving, engine, clock, account, page):
    assert (200, 401) == asyncio.run(ask_with_a_revoked_token(serving, engine, clock, account, page))


def test_token_that_was_revoked_would_be_let_in_where_it_is_not_looked_up_again(serving, engine, clock, account, page, monkeypatch):
    for module, name in ((auth, "REMEMBERED"), (response_cache, "KEPT_FOR")):
        monkeypatch.setattr(module, name, timedelta(hours=1))

    assert (200, 200) == asyncio.run(ask_with_a_revoked_token(serving, engine, clock, account, page))


async def ask_through_a_swap(serving, engine, page):
    """Return the dates of the lists that were shown before and after a newer one was published."""
    async with serving() as (application, _):
        for _ in range(FIRST):
            await application.ask(page)
        publish_day(engine, 1)
        before = await application.ask(page)
        await application.ask(Request("GET", "/readyz"))
        after = await application.ask(page)
        return [f'"as_of":"{day}"'.encode() in answer.body for answer, day in ((before, FIRST_DAY), (after, FIRST_DAY + timedelta(days=1)))]


def test_page_of_a_list_that_is_no_longer_the_newest_is_not_sent_again(serving, engine, page):
    assert [True, True] == asyncio.run(ask_through_a_swap(serving, engine, page))


def test_page_of_an_older_list_would_be_found_where_nobody_compares(serving, engine, page, monkeypatch):
    monkeypatch.setattr(ResponseCache, "_find", lambda self, key, _: self._kept.get(key))

    assert [True, False] == asyncio.run(ask_through_a_swap(serving, engine, page))


def test_page_is_not_sent_while_publishing_is_paused(serving, engine, page):
    async def run():
        async with serving() as (application, _):
            for _ in range(FIRST):
                await application.ask(page)
            pause(engine, OPERATOR, PauseReason.DATA_FAULT, NOW)
            await application.ask(Request("GET", "/readyz"))
            return await application.ask(page)

    answer = asyncio.run(run())

    assert (503, "5") == (answer.status, answer.headers["retry-after"])


def test_page_sent_again_counts_among_the_requests_of_its_account(home, page, monkeypatch):
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 60.0)

    async def run():
        settings = Settings(serving={"requests_per_minute": FIRST + 2})
        async with running(create_app(settings, home, Clock(NOW))) as application:
            return [(await application.ask(page)).status for _ in range(FIRST + 4)]

    assert [200] * (FIRST + 2) + [429] * 2 == asyncio.run(run())


@pytest.mark.parametrize("path", ["/yujing/v1/rankings", "/v1/rankings"])
def test_page_is_sent_again_under_a_path_of_the_site(home, page, path, monkeypatch):
    reached = []
    answer = ResponseCache._answer

    async def counted(*arguments):
        reached.append(arguments)
        await answer(*arguments)

    async def run():
        monkeypatch.setattr(ResponseCache, "_answer", counted)
        settings = Settings(serving={"root_path": "/yujing"})
        async with running(create_app(settings, home, Clock(NOW))) as application:
            return [await application.ask(Request("GET", path, page.query, headers=page.headers)) for _ in range(FIRST + 2)]

    first, *others = asyncio.run(run())

    assert [200, [first] * (FIRST + 1), 1] == [first.status, others, len(reached)]


def test_page_sent_again_is_counted_under_its_route(home, page):
    async def run():
        async with running(create_app(Settings(), home, Clock(NOW))) as application:
            for _ in range(3):
                await application.ask(page)
            return (await application.ask(Request("GET", "/metrics"))).text

    assert 'http_requests_total{handler="/v1/rankings",method="GET",status="2xx"} 3.0' in asyncio.run(run())


def test_kept_pages_are_few(serving, page):
    async def run():
        async with serving() as (application, _):
            for number in range(MOST_KEPT + 2):
                await application.ask(Request("GET", page.path, (("parent", str(number)),), headers=page.headers))
            return len(application._app._kept)

    assert asyncio.run(run()) <= MOST_KEPT
