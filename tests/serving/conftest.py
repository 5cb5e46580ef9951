"""One world for all tests that only read; those that write get a copy of its files."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from argon2 import PasswordHasher

from tests.serving.sample import make_sample
from tests.serving.world import AS_OF, LAST_DAY, PUBLISHED_AT, World, fill, open_world, publish_model


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords as always, but with less work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.access.passwords._hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty grids, 500 days, a champion, nothing published; never written to."""
    world = open_world(tmp_path_factory.mktemp("trained") / "home")
    fill(world, make_sample(LAST_DAY, days=500, grids=40, rng=np.random.default_rng(7)))
    publish_model(world)
    world.engine.dispose()
    return world.home.root


@pytest.fixture(scope="session")
def shared_world(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same with lists of two days; read it, never write to it."""
    world = copy_home(trained_home, tmp_path_factory.mktemp("shared") / "home")
    world.rank(AS_OF - timedelta(days=7), PUBLISHED_AT - timedelta(days=7))
    world.rank()
    yield world
    world.engine.dispose()


@pytest.fixture
def world(trained_home: Path, tmp_path: Path) -> Iterator[World]:
    """A copy to write to."""
    world = copy_home(trained_home, tmp_path / "home")
    yield world
    world.engine.dispose()


def copy_home(home: Path, root: Path) -> World:
    """Open a copy of a home."""
    shutil.copytree(home, root)
    return open_world(root)
