"""Ten weeks of lists, each published on the morning of its day."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.serving.conftest import copy_home
from tests.serving.world import AS_OF, World

LISTED = tuple(AS_OF - timedelta(days=days) for days in range(63, -1, -7))


@pytest.fixture(scope="session")
def listed_world(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Read it, never write to it."""
    world = copy_home(trained_home, tmp_path_factory.mktemp("listed") / "home")
    for as_of in LISTED:
        world.rank(as_of, datetime.combine(as_of - timedelta(days=1), time(22), UTC))
    yield world
    world.engine.dispose()
