"""A database from before the table of areas has in it the names that its grids told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, insert, select

from features.database.engine import open_database, reading
from features.database.migrate import _config
from features.database.tables import area, grid
from tests.support.databases import Databases

GRIDS = (("g1", "甲街道滨河社区第1网格", "d/t1/c1"), ("g2", "甲街道滨江社区第1网格", "d/t1/c2"), ("g3", "第1网格", "d/t2/c3"))
NAMES = [("d/t1", "甲街道", False), ("d/t1/c1", "滨河社区", False), ("d/t1/c2", "滨江社区", False)]


@pytest.fixture
def bare_url(dialect: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "home").mkdir(exist_ok=True)
    with databases.bare(dialect, tmp_path / "home") as url:
        yield url


def test_upgrade_names_the_areas_whose_grids_tell_it(bare_url: str) -> None:
    before, config = create_engine(bare_url), _config()
    with before.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0024")
        for grid_id, name, parent_path in GRIDS:
            connection.execute(insert(grid), {"grid_id": grid_id, "name": name, "parent_path": parent_path})
    before.dispose()

    engine = open_database(bare_url)
    with reading(engine) as connection:
        names = [tuple(row) for row in connection.execute(select(area).order_by(area.c.path))]
    engine.dispose()

    assert NAMES == names
