"""Planted faults of a home, each called after the check of `yujing doctor` that finds it."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from serving.operations.jobs import Run, record_run
from tests.support.published_world import PUBLISHED_AT, World, audit_model


def edit(world: World, statement: str, *triggers: str) -> None:
    """Change the database behind the back of the program, as somebody with the file in hand can."""
    with closing(sqlite3.connect(world.home.database)) as connection, connection:
        for trigger in triggers:
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)


def shorten_trail(world: World) -> None:
    edit(world, "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)", "audit_refuses_DELETE")


def change_first_list(world: World) -> None:
    edit(world, "UPDATE ranking_row SET body = '{}' WHERE position = 0 AND ranking_id = 1", "ranking_row_refuses_UPDATE")


PLANTED: dict[str, Callable[[World], object]] = {
    "keys": lambda world: shutil.rmtree(world.home.keys),
    "guards": lambda world: edit(world, "SELECT 1", "ranking_row_refuses_UPDATE"),
    "ledger": lambda world: edit(
        world, "UPDATE ranking_row SET body = '{}' WHERE position = 0 AND ranking_id = 1", "ranking_row_refuses_UPDATE"
    ),
    "audit trail": shorten_trail,
    "champion": lambda world: next(world.home.published.glob("*/new.lgb")).unlink(),
    "publishing": lambda world: audit_model(world, PUBLISHED_AT - timedelta(days=80)),
    "home folder": lambda world: world.home.root.chmod(0o755),
    "settings": lambda world: world.home.config.write_text("serving: {portt: 1}"),
    "upkeep": lambda world: None,
    "jobs": lambda world: record_run(world.engine, Run("backup", PUBLISHED_AT, 1.0, "no space left")),
}
