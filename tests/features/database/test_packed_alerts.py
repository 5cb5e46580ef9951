"""Words of alerts from before the compression are read after it, new ones take less room, and both stay frozen."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, create_engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from features.database.alert_tables import alert
from features.database.engine import open_database, reading, writing
from features.database.migrate import _config
from features.database.triggers import missing_guards
from tests.support.databases import Databases

BODY = '{"title": {"zh": "矛盾纠纷", "en": "disputes"}}' * 20
VALUES = {int: 1, float: 0.5, str: "x", bool: False, date: date(2026, 1, 1)}
OLD = {"alert_id": "old", "follows": None, "state": "closed", "body": BODY}


def insert_as_stored(connection: Connection, name: str, **values: object) -> None:
    """Insert a row into a table as the database itself describes it, past the types of today."""
    tables = MetaData()
    tables.reflect(connection, only=[name], resolve_fks=False)
    table = tables.tables[name]
    connection.execute(insert(table), {column.name: VALUES[column.type.python_type] for column in table.columns} | values)


@pytest.fixture
def bare_url(dialect: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "home").mkdir(exist_ok=True)
    with databases.bare(dialect, tmp_path / "home") as url:
        yield url


def test_plain_words_are_read_after_the_migration_and_new_ones_are_smaller_and_frozen(bare_url: str) -> None:
    before, config = create_engine(bare_url), _config()
    with before.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0023")
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT set_config('app.scope', '', true)"))
        insert_as_stored(connection, "ranking")
        insert_as_stored(connection, "alert", **OLD)
    before.dispose()

    engine = open_database(bare_url)
    new = {column.name: None for column in alert.columns if column.nullable} | OLD | {"alert_id": "new"}
    frozen = {"target": "x", "chosen_by": "score", "selection_probability": 1.0, "second_look": False, "version": 1, "owner": "d"}
    moments = {
        "starts": date(2026, 1, 9),
        "ends": date(2026, 1, 23),
        "raised_at": datetime(2026, 1, 9, tzinfo=UTC),
        "since": datetime(2026, 1, 9, tzinfo=UTC),
    }
    with writing(engine) as connection:
        connection.execute(insert(alert), new | frozen | moments | {"ranking_id": 1, "grid_id": "g2", "path": "d/g2"})
    with reading(engine) as connection:
        bodies = dict(connection.execute(select(alert.c.alert_id, alert.c.body)).all())
        sizes = dict(connection.execute(select(alert.c.alert_id, func.length(alert.c.body))).all())
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(update(alert).values(body="{}"))

    assert {"old": BODY, "new": BODY} == bodies
    assert sizes["new"] < sizes["old"] / 2
    assert [] == missing_guards(engine)
    engine.dispose()
