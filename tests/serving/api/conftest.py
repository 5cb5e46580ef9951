from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serving.api.app import create_app
from tests.serving.world import PUBLISHED_AT, World


class Clock:
    """A wall clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def open_client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def clock():
    return Clock(PUBLISHED_AT + timedelta(hours=1))


@pytest.fixture
def client(shared_world: World, clock):
    with open_client(create_app(shared_world.settings, shared_world.home, clock)) as client:
        yield client


@pytest.fixture
def fresh_client(world: World, clock):
    """A client of a home in which nothing was published yet."""
    with open_client(create_app(world.settings, world.home, clock)) as client:
        yield client
