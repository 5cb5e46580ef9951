from datetime import timedelta

import pytest

from features.database.engine import open_database
from features.home import Home
from serving.api.app import create_app
from serving.settings import Settings
from tests.serving.api.townships import NOW, fill, sign_everybody_up
from tests.serving.visitors import Clock, open_client, sign_up
from tests.serving.world import PUBLISHED_AT, World


@pytest.fixture
def clock():
    return Clock(PUBLISHED_AT + timedelta(hours=1))


@pytest.fixture(scope="session")
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
def townships(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Five townships of four grids each on one published list."""
    home = Home(tmp_path_factory.mktemp("townships") / "home")
    engine = open_database(home.database_url)
    fill(engine)
    engine.dispose()
    return home


@pytest.fixture(scope="module")
def accounts(townships: Home):
    """A token per township and role; township 0 is the whole."""
    engine = open_database(townships.database_url)
    made = sign_everybody_up(engine)
    engine.dispose()
    return made


@pytest.fixture
def app(townships: Home):
    return create_app(Settings(), townships, Clock(NOW))
