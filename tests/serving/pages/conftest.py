"""Forty grids with borders, two lists, alerts, and people of every role."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select, update

from features.database.engine import reading, writing
from features.database.tables import grid
from tests.serving.conftest import MakeWorld
from tests.support.databases import Databases
from tests.support.people import sign_everybody_up, visit
from tests.support.published_world import AS_OF, PUBLISHED_AT, World, new_world

MEASURES = {"hit@5%": 0.33, "hit@10%": 0.49, "ap_over_base": 6.6, "auc": 0.8, "ece": None}
MODELS = {
    "lightgbm": {**MEASURES, "ci95": {"hit@10%": [0.39, 0.65], "ece": None}},
    "open_backlog": {**MEASURES, "hit@10%": 0.38, "ci95": {"hit@10%": [0.3, 0.5]}},
    "count_28d": dict.fromkeys([*MEASURES, "ci95"]),
}
BACKTEST = {
    "target": "escalation",
    "horizon_days": 14,
    "as_of": {"first": "2025-05-26", "last": "2025-12-08", "step_days": 7},
    "escalations": 477.0,
    "models": MODELS,
    "subsets": {"onset": {"rows": 3364, "positives": 5, "models": MODELS}},
    "notes": ["surge: poisson_deviance: the label is yes or no, not a count."],
}


@pytest.fixture(scope="session")
def make_listed(databases: Databases, make_trained: MakeWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeWorld]:
    """Nobody writes to it."""
    with ExitStack() as stack:

        @cache
        def make(dialect: str) -> World:
            root = tmp_path_factory.mktemp("pages") / "home"
            world = stack.enter_context(new_world(databases, dialect, root, make_trained(dialect)))
            draw_borders(world)
            for days in (1, 0):
                world.rank(AS_OF - timedelta(days=days), PUBLISHED_AT - timedelta(days=days))
            sign_everybody_up(world)
            for folder in world.home.published.iterdir():
                (folder / "backtest.json").write_text(json.dumps(BACKTEST), encoding="utf-8")
            world.engine.dispose()
            return world

        yield make


@pytest.fixture(scope="module")
def seen_world(databases: Databases, make_listed: MakeWorld, dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Read it, never write to it."""
    with new_world(databases, dialect, tmp_path_factory.mktemp("seen") / "home", make_listed(dialect)) as world:
        yield world


@pytest.fixture
def own_world(databases: Databases, make_listed: MakeWorld, dialect: str, tmp_path: Path) -> Iterator[World]:
    """A copy to write to."""
    with new_world(databases, dialect, tmp_path / "home", make_listed(dialect)) as world:
        yield world


@pytest.fixture
def enter(seen_world: World):
    """Return a function that signs somebody in to the world that is only read."""
    with ExitStack() as stack:
        yield lambda name=None, **look: stack.enter_context(visit(seen_world, name, **look))


@pytest.fixture
def enter_own(own_world: World):
    """Return a function that signs somebody in to the copy."""
    with ExitStack() as stack:
        yield lambda name=None, **look: stack.enter_context(visit(own_world, name, **look))


def draw_borders(world: World) -> None:
    """Give each grid a square, eight beside each other."""
    with reading(world.engine) as connection:
        ids = connection.execute(select(grid.c.grid_id).order_by(grid.c.grid_id)).scalars().all()
    with writing(world.engine) as connection:
        for number, grid_id in enumerate(ids):
            x, y = 100 + number % 8 / 100, 30 + number // 8 / 100
            square = f"POLYGON (({x} {y}, {x + 0.01} {y}, {x + 0.01} {y + 0.01}, {x} {y + 0.01}, {x} {y}))"
            connection.execute(update(grid).where(grid.c.grid_id == grid_id).values(geometry=square))
