"""Copies of a database: every row, in an order that its references allow, into one without rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from features.database.alert_tables import alert, visit
from features.database.copying import copy_database, copy_rows, count_rows
from features.database.engine import open_database, reading, writing
from features.database.tables import area, grid, ranking
from features.errors import UsageError
from features.eventlog.sequence import advance_sequence, last_sequence, lock_sequence
from features.storage.home import sqlite_url
from tests.features.database.filled import put

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(sqlite_url(tmp_path / "target.db"))
    yield opened
    opened.dispose()


def fill(engine: Engine) -> None:
    """Put in a list, an alert that follows a later name, a visit, an area's name, and a sequence number."""
    with writing(engine) as connection:
        put(connection, ranking, {"id": 7, "entry_hash": "1"})
        put(connection, alert, {"alert_id": "z", "ranking_id": 7, "state": "closed", "raised_at": NOW})
        put(connection, alert, {"alert_id": "a", "ranking_id": 7, "follows": "z", "raised_at": NOW + timedelta(days=1)})
        put(connection, visit, {"alert_id": "a"})
        put(connection, area, {"path": "d/t1", "name": "甲街道", "stated": True})
        advance_sequence(connection, lock_sequence(connection) + 42)


def test_copy_rows_holds_every_row_of_every_table(engine: Engine, target: Engine) -> None:
    fill(engine)
    copied = copy_rows(engine, target)

    assert count_rows(engine) == count_rows(target)
    assert sum(count_rows(engine).values()) == copied
    with reading(target) as connection:
        assert ["a", "z"] == sorted(connection.execute(select(alert.c.alert_id)).scalars())
        assert [("d/t1", "甲街道", True)] == connection.execute(select(area)).all()
        assert 42 == last_sequence(connection)


def test_copy_rows_into_a_database_with_rows_is_refused_and_changes_nothing(engine: Engine, target: Engine) -> None:
    fill(engine)
    with writing(target) as connection:
        put(connection, grid, {"grid_id": "own"})
    before = count_rows(target)
    with pytest.raises(UsageError, match=r"the database to copy into must be without rows, found some in grid\. Name a new one"):
        copy_rows(engine, target)

    assert before == count_rows(target)


def test_copy_rows_numbers_go_on_after_those_that_were_copied(engine: Engine, tmp_path: Path) -> None:
    """Into the database at hand, whose own counters must follow."""
    source = open_database(sqlite_url(tmp_path / "source.db"))
    fill(source)
    with writing(engine) as connection:
        connection.execute(grid.delete())
    copy_rows(source, engine)
    source.dispose()
    with writing(engine) as connection:
        row = connection.execute(select(visit)).mappings().one()
        added = connection.execute(visit.insert().values({name: value for name, value in row.items() if name != "id"})).inserted_primary_key

    assert row["id"] + 1 == added[0]


def test_copy_database_is_a_file_that_opens_with_the_same_rows(engine: Engine, tmp_path: Path) -> None:
    fill(engine)
    copy_database(engine, tmp_path / "copy.db")
    copy = open_database(sqlite_url(tmp_path / "copy.db"))
    counted = count_rows(copy)
    copy.dispose()

    assert count_rows(engine) == counted
