"""Triggers that keep tables append-only: one that is gone, or does something else, is noticed."""

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from features.database.engine import writing
from features.database.triggers import missing_guards, refuse_changes, refuse_changes_of, refuse_removal_unless

NAME = "audit_refuses_DELETE"


def test_missing_guards_of_a_new_database_are_none(engine: Engine) -> None:
    assert [] == missing_guards(engine)


def drop(engine: Engine) -> None:
    where = "" if engine.dialect.name == "sqlite" else " ON audit"
    with writing(engine) as connection:
        connection.execute(text(f"DROP TRIGGER {NAME}{where}"))


def test_missing_guards_name_a_trigger_that_was_dropped(engine: Engine) -> None:
    drop(engine)

    assert [NAME] == [NAME for name in missing_guards(engine) if name.lower() == NAME.lower()]
    assert 1 == len(missing_guards(engine))


@pytest.mark.dialect("sqlite")
def test_missing_guards_name_a_trigger_of_other_words(engine: Engine) -> None:
    drop(engine)
    with writing(engine) as connection:
        connection.execute(
            text(f"CREATE TRIGGER {NAME} BEFORE DELETE ON audit WHEN 0 BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END")
        )

    assert [NAME] == missing_guards(engine)


@pytest.mark.dialect("postgresql")
def test_missing_guards_name_a_trigger_that_was_switched_off(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text(f"ALTER TABLE audit DISABLE TRIGGER {NAME.lower()}"))

    assert [NAME.lower()] == missing_guards(engine)


def test_missing_guards_further_triggers_are_nobody_s_business(engine: Engine) -> None:
    statement = "CREATE TRIGGER of_somebody AFTER INSERT ON visit BEGIN SELECT 1; END"
    if engine.dialect.name != "sqlite":
        statement = "CREATE TRIGGER of_somebody AFTER INSERT ON visit EXECUTE FUNCTION refuse_change()"
    with writing(engine) as connection:
        connection.execute(text(statement))

    assert [] == missing_guards(engine)


@pytest.fixture
def yards(engine: Engine) -> Engine:
    """A database with a table of two rows of the test's own, without guards."""
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE yard (id integer PRIMARY KEY, name text, note text)"))
        connection.execute(text("INSERT INTO yard VALUES (1, 'first', ''), (2, 'second', '')"))
    return engine


def guard(engine: Engine, *columns: str, removable: str = "") -> None:
    """Guard all of the table, or some of its columns; rows that are removable may go."""
    with writing(engine) as connection, Operations.context(MigrationContext.configure(connection)):
        if columns:
            refuse_changes_of("yard", columns)
        else:
            refuse_changes("yard")
        if removable:
            refuse_removal_unless("yard", removable)


def refused(engine: Engine, *statements: str) -> list[str]:
    """Return the statements that the guard stops; the others are done."""
    stopped = []
    for statement in statements:
        try:
            with engine.begin() as connection:
                connection.execute(text(statement))
        except DBAPIError as error:
            assert "yard is append-only" in str(error)  # noqa: PT017 - any other fault is one of the test
            stopped.append(statement)
    return stopped


def test_refuse_changes_stops_all_but_new_rows(yards: Engine) -> None:
    changes = ["UPDATE yard SET note = 'x'", "UPDATE yard SET id = 3 WHERE id = 1", "DELETE FROM yard WHERE id = 2", "DELETE FROM yard"]
    guard(yards)

    assert changes == refused(yards, "INSERT INTO yard VALUES (3, 'third', '')", *changes)


@pytest.mark.dialect("postgresql")
def test_refuse_changes_stops_truncate_and_changes_of_no_row(yards: Engine) -> None:
    """Triggers of statements: they ask before any row is looked at."""
    changes = ["TRUNCATE yard", "TRUNCATE yard CASCADE", "DELETE FROM yard WHERE id = 9", "UPDATE yard SET note = '' WHERE id = 9"]
    guard(yards)

    assert changes == refused(yards, *changes)


def test_refuse_changes_of_some_columns_lets_the_others_change(yards: Engine) -> None:
    stopped = ["UPDATE yard SET name = 'x'", "UPDATE yard SET note = 'y', id = id", "DELETE FROM yard"]
    guard(yards, "id", "name")

    assert stopped == refused(yards, "UPDATE yard SET note = 'x'", *stopped)
    with yards.connect() as connection:
        assert ["x", "x"] == list(connection.execute(text("SELECT note FROM yard")).scalars())


def test_refuse_removal_unless_lets_go_only_the_rows_of_its_condition(yards: Engine) -> None:
    guard(yards, removable="OLD.id = 1")

    assert ["DELETE FROM yard WHERE id = 2", "UPDATE yard SET note = 'x'"] == refused(
        yards, "DELETE FROM yard WHERE id = 2", "DELETE FROM yard WHERE id = 1", "UPDATE yard SET note = 'x'"
    )
    with yards.connect() as connection:
        assert [2] == list(connection.execute(text("SELECT id FROM yard")).scalars())


def test_refuse_removal_unless_one_row_among_them_keeps_all(yards: Engine) -> None:
    guard(yards, removable="OLD.id = 1")

    assert ["DELETE FROM yard"] == refused(yards, "DELETE FROM yard")
    with yards.connect() as connection:
        assert 2 == connection.execute(text("SELECT count(*) FROM yard")).scalar()


def test_refuse_removal_unless_condition_over_another_table_follows_it(yards: Engine) -> None:
    """As lists may go once they are archived."""
    with writing(yards) as connection:
        connection.execute(text("CREATE TABLE kept_elsewhere (yard_id integer)"))
    guard(yards, removable="EXISTS (SELECT 1 FROM kept_elsewhere WHERE yard_id = OLD.id)")
    removal = "DELETE FROM yard WHERE id = 2"

    assert [removal] == refused(yards, removal)
    assert [] == refused(yards, "INSERT INTO kept_elsewhere VALUES (2)", removal)
