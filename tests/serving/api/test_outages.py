"""Reading during outages, and while a newer list takes the place of an older one."""

import asyncio
import json
import shutil
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, event

from features.database.engine import open_database
from features.storage.home import Home
from serving.accounts.permissions import Role
from serving.api.routes import rankings
from serving.app import create_app
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.settings import Settings
from tests.support.access_matrix import Request, by, running
from tests.support.townships import NOW, grid_rows
from tests.support.visitors import Clock, sign_up

READS = 1_000
READERS, SWAPS = 50, 10
FIRST_DAY = date(2026, 1, 9)
PAGE = (("limit", "7"),)


def publish_day(engine, number):
    """Publish a list whose rows are named after it."""
    rows = {row.grid_id: row.model_copy(update={"name": f"list{number}"}) for row in grid_rows()}
    origin = Origin(FIRST_DAY + timedelta(days=number), "escalation", 14, "a" * 64, "1", 100, NOW, "0.1.0", 0)
    return publish(engine, origin, to_body({"grid": rows, "community": {}, "township": {}, "district": {}}), NOW)


@pytest.fixture
def home(tmp_path, settings_name_the_database):
    home = Home(tmp_path / "home")
    home.folder(home.root)
    return home


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def listed(engine):
    return publish_day(engine, 0)


@pytest.fixture
def reader(engine):
    """The token of someone who sees everything."""
    return by(sign_up(engine, NOW, Role.COMMAND)[1])


@contextmanager
def read_only():
    """Let no connection write."""

    def forbid(connection, _):
        sqlite = type(connection).__module__ == "sqlite3"
        connection.execute("PRAGMA query_only=ON" if sqlite else "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")

    event.listen(Engine, "connect", forbid)
    try:
        yield
    finally:
        event.remove(Engine, "connect", forbid)


async def read(app, headers, times, path="/v1/rankings"):
    """Return the distinct answers to so many reads."""
    async with running(app) as application:
        return {
            (answer.status, answer.body) for answer in [await application.ask(Request("GET", path, headers=headers)) for _ in range(times)]
        }


def test_last_list_is_served_and_stale_without_registry_and_copy_and_with_a_store_that_takes_nothing(home, listed, reader, record_property):
    (home.root / "mlflow.db").write_bytes(b"no database")
    shutil.rmtree(home.segments, ignore_errors=True)
    with read_only():
        answers = asyncio.run(read(create_app(Settings(), home, Clock(NOW + timedelta(hours=27))), reader, READS))

    ((status, body),) = answers
    record_property("reads without registry, copy and writes", READS)
    page = json.loads(body)
    assert (status, page["stale"]) == (200, True)
    assert page["ranking"]["ranking_id"] == listed.ranking_id
    assert {"published_at", "data_through"} <= page["ranking"].keys()


def test_store_that_cannot_be_read_lets_nobody_in_and_is_back_at_once(databases, home, engine, listed, reader, record_property):
    async def run():
        async with running(create_app(Settings(), home, Clock(NOW))) as application:
            ask = Request("GET", "/v1/rankings", headers=reader)
            with databases.unreadable(engine):
                refused.extend([await application.ask(ask) for _ in range(READS)])
                alive.append((await application.ask(Request("GET", "/healthz"))).status)
            alive.append((await application.ask(ask)).status)

    refused, alive = [], []
    asyncio.run(run())

    record_property("reads without a store, all refused", len(refused))
    assert {(503, "5")} == {(answer.status, answer.headers["retry-after"]) for answer in refused}
    assert not [answer for answer in refused if b"list0" in answer.body]
    assert alive == [200, 200]


class MixtureError(Exception):
    """A reader saw two lists as one."""


async def read_through(application, headers, swapped):
    """Read all pages again and again until the last swap, once more where the service is full; return how many lists were read to the end.

    Raises:
        MixtureError: a body, or the pages of one walk, came from several lists, or a later walk from an older list.
    """
    newest, walks = "", 0
    while True:
        last_walk = swapped.is_set()
        names, query = set(), PAGE
        while query:
            answer = await application.ask(Request("GET", "/v1/rankings", query, headers=headers))
            await asyncio.sleep(0)
            if answer.status == 503 and "retry-after" in answer.headers:
                continue
            page = json.loads(answer.body)
            if answer.status != 200 or answer.headers["x-ranking-id"] != page["ranking"]["ranking_id"]:
                raise MixtureError(answer.status, page)
            names |= {row["name"] for row in page["rows"]} | {f"list{(date.fromisoformat(page['ranking']['as_of']) - FIRST_DAY).days}"}
            query = (("cursor", page["next"]), *PAGE) if page["next"] else ()
        if len(names) > 1 or page["ranking"]["as_of"] < newest:
            raise MixtureError(names)
        newest, walks = page["ranking"]["as_of"], walks + 1
        if last_walk:
            return walks


async def swap_under_readers(app, engine, headers):
    async with running(app) as application:
        swapped = asyncio.Event()
        readers = [asyncio.create_task(read_through(application, headers, swapped)) for _ in range(READERS)]
        for number in range(1, SWAPS + 1):
            await asyncio.to_thread(publish_day, engine, number)
            await application.ask(Request("GET", "/readyz"))
        swapped.set()
        return await asyncio.gather(*readers)


@pytest.fixture
def swapping(home):
    return create_app(Settings(serving={"ranking_cache_size": SWAPS + 1}), home, Clock(NOW))


def test_swap_under_fifty_readers_fails_nobody_and_mixes_nothing(swapping, engine, listed, reader, record_property):
    walks = asyncio.run(swap_under_readers(swapping, engine, reader))

    record_property("readers, and lists swapped under them", f"{len(walks)}, {SWAPS}")
    assert len(walks) == READERS
    assert min(walks) >= 2


def test_swap_is_caught_where_a_page_comes_from_whatever_list_is_newest(swapping, engine, listed, reader, monkeypatch):
    async def find_newest(reading, place):
        return reading.shelf.current

    monkeypatch.setattr(rankings, "_find_pinned", find_newest)

    with pytest.raises(MixtureError):
        asyncio.run(swap_under_readers(swapping, engine, reader))
