"""One world for all tests that only read; those that write get a copy of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine

from features.database.engine import open_database
from features.storage.home import Home
from tests.support.databases import Databases
from tests.support.golden_sample import make_sample
from tests.support.published_world import AS_OF, LAST_DAY, PUBLISHED_AT, World, fill, new_world, publish_model
from tests.support.shared_routes import shared_routes

MakeWorld = Callable[[str], World]
"""Returns the world of a kind of database, which is made when it is first asked for."""


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords as always, but with less work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.accounts.passwords._hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _shared_routes() -> Iterator[None]:
    with shared_routes():
        yield


@pytest.fixture(scope="session", autouse=True)
def _unlimited_requests() -> Iterator[None]:
    """Let an account ask as often as a test wants; what limits it is tested by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.server.limits.WINDOW_SECONDS", 0.0)
        yield


@pytest.fixture(scope="session")
def make_trained(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeWorld]:
    """Forty grids, 500 days, a champion, nothing published; nobody writes to it."""
    with ExitStack() as stack:

        @cache
        def make(dialect: str) -> World:
            world = stack.enter_context(new_world(databases, dialect, tmp_path_factory.mktemp("trained") / "home"))
            fill(world, make_sample(LAST_DAY, days=500, grids=40, rng=np.random.default_rng(7)))
            publish_model(world)
            world.engine.dispose()
            return world

        yield make


@pytest.fixture(scope="session")
def make_shared(databases: Databases, make_trained: MakeWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeWorld]:
    """The same with lists of two days."""
    with ExitStack() as stack:

        @cache
        def make(dialect: str) -> World:
            root = tmp_path_factory.mktemp("shared") / "home"
            world = stack.enter_context(new_world(databases, dialect, root, make_trained(dialect)))
            world.rank(AS_OF - timedelta(days=7), PUBLISHED_AT - timedelta(days=7))
            world.rank()
            return world

        yield make


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def empty_engine(home: Home) -> Iterator[Engine]:
    """The SQLite database of a home, without rows."""
    opened = open_database(home.database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def shared_world(make_shared: MakeWorld, dialect: str) -> World:
    """Read it, never write to it."""
    return make_shared(dialect)


@pytest.fixture
def world(databases: Databases, make_trained: MakeWorld, dialect: str, tmp_path: Path) -> Iterator[World]:
    """A copy without lists, to write to."""
    with new_world(databases, dialect, tmp_path / "home", make_trained(dialect)) as world:
        yield world
