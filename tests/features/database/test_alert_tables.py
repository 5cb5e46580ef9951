from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, Boolean, Date, Engine, Float, Integer, String, Table, delete, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from features.database.alert_tables import APPEND_ONLY_ALERTS, MUTABLE, OPEN_STATES, alert
from features.database.engine import writing
from features.database.packed_text import PackedText
from features.database.tables import UtcTime, metadata, ranking

EXAMPLES = {
    Integer: 1,
    BigInteger: 1,
    String: "x",
    PackedText: "x",
    Boolean: False,
    Float: 0.5,
    Date: date(2026, 1, 1),
    UtcTime: datetime(2026, 1, 1, tzinfo=UTC),
}


def example(table: Table, **values: object) -> dict[str, object]:
    return {column.name: EXAMPLES[type(column.type)] for column in table.columns} | values


@pytest.fixture
def with_alert(engine: Engine) -> Engine:
    with writing(engine) as connection:
        connection.execute(insert(ranking), example(ranking))
        connection.execute(insert(alert), example(alert, follows=None))
    return engine


def test_alert_tables_equal_the_declared_ones(engine: Engine) -> None:
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


@pytest.mark.parametrize("table", APPEND_ONLY_ALERTS, ids=lambda table: table.name)
def test_history_of_alerts_refuses_changes(with_alert: Engine, table: Table) -> None:
    parents = [key.column.table for key in table.foreign_keys if key.column.table.name not in ("alert", "ranking")]
    with writing(with_alert) as connection:
        for filled in (*parents, table):
            connection.execute(insert(filled), example(filled))
    column = next((column.name for column in table.columns if not column.primary_key), "actor_id")
    clearing = text(f"TRUNCATE {table.name} CASCADE")

    changes = [update(table).values({column: EXAMPLES[type(table.c[column].type)]}), delete(table)]
    for change in changes if with_alert.dialect.name == "sqlite" else [*changes, clearing]:
        with pytest.raises(DBAPIError, match="append-only"), with_alert.begin() as connection:
            connection.execute(change)


@pytest.mark.parametrize("name", [column.name for column in alert.columns])
def test_alert_column_is_frozen_unless_it_follows_the_history(with_alert: Engine, name: str) -> None:
    change = update(alert).values({name: EXAMPLES[type(alert.c[name].type)]})
    if name in MUTABLE:
        with writing(with_alert) as connection:
            assert connection.execute(change).rowcount == 1
    else:
        with pytest.raises(DBAPIError, match="append-only"), with_alert.begin() as connection:
            connection.execute(change)


def test_alert_cannot_be_deleted(with_alert: Engine) -> None:
    with pytest.raises(DBAPIError, match="append-only"), with_alert.begin() as connection:
        connection.execute(delete(alert))


@pytest.mark.parametrize("state", OPEN_STATES)
def test_second_open_alert_of_a_grid_is_refused_by_the_database(with_alert: Engine, state: str) -> None:
    with with_alert.begin() as connection:
        connection.execute(insert(alert), example(alert, alert_id="open", follows=None, state=state))

    with pytest.raises(IntegrityError), with_alert.begin() as connection:
        connection.execute(insert(alert), example(alert, alert_id="other", follows=None, state="published"))
