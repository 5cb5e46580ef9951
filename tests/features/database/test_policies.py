"""Row-level security as migrations ask for it, on tables of the test's own; SQLite takes the same migrations and has none."""

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from features.database.engine import writing
from features.database.policies import show_also, show_only, show_only_with

WITHIN = "place = current_setting('app.scope', true)"


def lay_out(connection: Connection) -> None:
    """Make a yard in a and one in b, two gates in the first and one in the second."""
    connection.execute(text("CREATE TABLE yard (id integer PRIMARY KEY, place text)"))
    connection.execute(text("CREATE TABLE gate (name text, yard_id integer)"))
    connection.execute(text("INSERT INTO yard VALUES (1, 'a'), (2, 'b')"))
    connection.execute(text("INSERT INTO gate VALUES ('north', 1), ('south', 1), ('west', 2)"))


def look(engine: Engine, scope: str) -> tuple[list[int], list[str]]:
    """Return the yards and gates that a query without any condition sees."""
    with writing(engine) as connection:
        connection.execute(text("SELECT set_config('app.scope', :scope, true)"), {"scope": scope})
        yards, gates = (connection.execute(text(query)).scalars() for query in ("SELECT id FROM yard", "SELECT name FROM gate"))
        return sorted(yards), sorted(gates)


def change(engine: Engine, scope: str, statement: str) -> int:
    """Change rows within a scope; return how many."""
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('app.scope', :scope, true)"), {"scope": scope})
        return connection.execute(text(statement)).rowcount


@pytest.fixture
def walled(engine: Engine) -> Engine:
    """The owner of two tables, of which one has a place and the other names its rows."""
    with writing(engine) as connection, Operations.context(MigrationContext.configure(connection)):
        lay_out(connection)
        show_only("yard", WITHIN)
        show_only_with("gate", "yard", "id", "yard_id")
    return engine


@pytest.mark.dialect("postgresql")
@pytest.mark.parametrize(
    ("scope", "yards", "gates"), [("a", [1], ["north", "south"]), ("b", [2], ["west"]), ("", [], []), ("a' OR 'a' = 'a", [], [])]
)
def test_show_only_holds_for_the_owner_and_for_rows_that_name_others(
    walled: Engine, scope: str, yards: list[int], gates: list[str]
) -> None:
    assert (yards, gates) == look(walled, scope)


@pytest.mark.dialect("postgresql")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO yard VALUES (3, 'b')",
        "UPDATE yard SET place = 'b'",
        "INSERT INTO gate VALUES ('east', 2)",
        "UPDATE gate SET yard_id = 2",
    ],
)
def test_show_only_takes_no_row_that_it_would_not_show(walled: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match="violates row-level security policy"):
        change(walled, "a", statement)


@pytest.mark.dialect("postgresql")
def test_show_only_leaves_rows_of_others_where_all_are_removed(walled: Engine) -> None:
    removed = change(walled, "a", "DELETE FROM gate")

    assert 2 == removed
    assert ([2], ["west"]) == look(walled, "b")


@pytest.mark.dialect("postgresql")
def test_show_also_replaces_the_condition_there_and_with_it_what_rows_below_show(walled: Engine) -> None:
    with writing(walled) as connection, Operations.context(MigrationContext.configure(connection)):
        show_also("yard", f"{WITHIN} OR id = 2")

    assert ([1, 2], ["north", "south", "west"]) == look(walled, "a")
    assert ([2], ["west"]) == look(walled, "nowhere")


@pytest.mark.dialect("sqlite")
def test_show_only_on_sqlite_changes_nothing(engine: Engine) -> None:
    with writing(engine) as connection, Operations.context(MigrationContext.configure(connection)):
        lay_out(connection)
        show_only("yard", WITHIN)
        show_also("yard", WITHIN)
        show_only_with("gate", "yard", "id", "yard_id")

        assert 3 == connection.execute(text("SELECT count(*) FROM gate")).scalar()
        assert 2 == connection.execute(text("SELECT count(*) FROM yard")).scalar()
