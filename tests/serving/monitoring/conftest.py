"""Ten weeks of lists, each published on the morning of its day."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest

from tests.serving.conftest import MakeWorld
from tests.support.databases import Databases
from tests.support.published_world import AS_OF, World, new_world

LISTED = tuple(AS_OF - timedelta(days=days) for days in range(63, -1, -7))


@pytest.fixture(scope="module")
def listed_world(databases: Databases, make_trained: MakeWorld, dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Read it, never write to it."""
    with new_world(databases, dialect, tmp_path_factory.mktemp("listed") / "home", make_trained(dialect)) as world:
        for as_of in LISTED:
            world.rank(as_of, datetime.combine(as_of - timedelta(days=1), time(22), UTC))
        yield world
