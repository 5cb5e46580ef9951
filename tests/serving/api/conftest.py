from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from serving.accounts.permissions import Role
from serving.app import create_app
from tests.serving.alerts.conftest import QUIET
from tests.serving.conftest import MakeWorld
from tests.support.databases import Databases
from tests.support.published_world import PUBLISHED_AT, World, new_world
from tests.support.townships import NOW, fill, sign_everybody_up
from tests.support.visitors import Clock, open_client, sign_up


@pytest.fixture
def clock():
    return Clock(PUBLISHED_AT + timedelta(hours=1))


@pytest.fixture(scope="module")
def token(shared_world: World):
    """A token of the command centre in the shared world, which sees everything."""
    _, token = sign_up(shared_world.engine, PUBLISHED_AT)
    return token


@pytest.fixture
def client(shared_world: World, clock, token):
    with open_client(create_app(shared_world.settings, shared_world.home, clock), token) as client:
        yield client


@pytest.fixture
def fresh_client(world: World, clock):
    """A client of a home in which nothing was published yet."""
    _, token = sign_up(world.engine, PUBLISHED_AT)
    with open_client(create_app(world.settings, world.home, clock), token) as client:
        yield client


@pytest.fixture(scope="module")
def townships(databases: Databases, dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Five townships of four grids each on one published list."""
    with new_world(databases, dialect, tmp_path_factory.mktemp("townships") / "home") as world:
        fill(world.engine)
        yield world


@pytest.fixture(scope="module")
def accounts(townships: World):
    """A token per township and role; township 0 is the whole."""
    return sign_everybody_up(townships.engine)


@pytest.fixture
def app(townships: World):
    return create_app(townships.settings, townships.home, Clock(NOW))


@pytest.fixture(scope="session")
def make_alerting(databases: Databases, make_trained: MakeWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeWorld]:
    """A world whose list of today raised alerts; nobody writes to it."""
    with ExitStack() as stack:

        @cache
        def make(dialect: str) -> World:
            root = tmp_path_factory.mktemp("alerting") / "home"
            world = _with_alerts(stack.enter_context(new_world(databases, dialect, root, make_trained(dialect))))
            world.rank()
            world.engine.dispose()
            return world

        yield make


@pytest.fixture
def alerting(databases: Databases, make_alerting: MakeWorld, dialect: str, tmp_path: Path) -> Iterator[World]:
    """A copy to write to."""
    with new_world(databases, dialect, tmp_path / "home", make_alerting(dialect)) as world:
        yield _with_alerts(world)


def _with_alerts(world: World) -> World:
    return replace(world, settings=world.settings.model_copy(update={"alerts": QUIET}))


@pytest.fixture
def ask(alerting, clock):
    """Return a function that opens a client of a role and scope."""
    app = create_app(alerting.settings, alerting.home, clock)
    with open_client(app) as client:

        def ask(role: Role = Role.COMMAND, scope: str = ""):
            _, token = sign_up(alerting.engine, PUBLISHED_AT, role, scope)
            client.headers["Authorization"] = f"Bearer {token}"
            return client

        yield ask
