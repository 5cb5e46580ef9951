"""Who visits the pages in these tests, and how they come in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from fastapi.testclient import TestClient

from serving.accounts.permissions import Role
from serving.app import create_app
from tests.support.published_world import PUBLISHED_AT, World
from tests.support.visitors import PASSWORD, Clock, sign_up

NOW = PUBLISHED_AT + timedelta(hours=3)
DISTRICT = "990101"
TOWNSHIP, OTHER = "990101/990101001", "990101/990101002"
PEOPLE = {
    "centre": (Role.COMMAND, ""),
    "town": (Role.TOWNSHIP, TOWNSHIP),
    "stranger": (Role.TOWNSHIP, OTHER),
    "worker": (Role.GRID_WORKER, TOWNSHIP),
    "analyst": (Role.ANALYST, ""),
    "labour": (Role.DEPARTMENT, ""),
    "auditor": (Role.AUDITOR, ""),
}


def sign_everybody_up(world: World) -> None:
    for name, (role, scope) in PEOPLE.items():
        sign_up(world.engine, PUBLISHED_AT, role, scope, name)


@contextmanager
def visit(world: World, name: str | None = None, *, language: str = "zh", now: datetime = NOW) -> Iterator[TestClient]:
    """Open a browser without scripts, signed in where a name is given."""
    with TestClient(create_app(world.settings, world.home, Clock(now)), base_url="http://localhost", follow_redirects=False) as client:
        client.cookies.set("yujing_language", language)
        if name:
            assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
        yield client


def flat(page: str) -> str:
    """Return a page without the line ends of its source, inside tags and around them."""
    return re.sub(r" ?(/?>) ?", r"\1", re.sub(r"\s+", " ", page))


def token_of(page: str) -> str:
    """Return the CSRF token of the forms of a page."""
    return re.findall(r'name="csrf" value="([0-9a-f]{64})"', page)[0]
