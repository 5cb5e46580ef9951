"""Triggers that keep a table append-only, for use in migrations, and their comparison with those of a database that was just made."""

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import op
from sqlalchemy import Engine, text

from features.database.engine import open_database, reading
from features.storage.home import sqlite_url

SQLITE = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""

SQLITE_OF = """
CREATE TRIGGER {table}_refuses_UPDATE BEFORE UPDATE OF {columns} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

POSTGRESQL_OF = """
CREATE TRIGGER {table}_refuses_UPDATE BEFORE UPDATE OF {columns} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""

POSTGRESQL = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""

SQLITE_UNLESS = """
CREATE TRIGGER {table}_refuses_DELETE BEFORE DELETE ON {table} WHEN NOT {condition}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

POSTGRESQL_FUNCTION_UNLESS = """
CREATE OR REPLACE FUNCTION refuse_removal_of_{table}() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN IF NOT {condition} THEN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN OLD; END $$
"""

POSTGRESQL_UNLESS = """
CREATE TRIGGER {table}_refuses_DELETE BEFORE DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse_removal_of_{table}()
"""

SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
POSTGRESQL_TRIGGERS = """
SELECT tgname, tgenabled IN ('O', 'A') AND prosrc LIKE '%RAISE EXCEPTION%'
FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal
"""


def refuse_changes(table: str) -> None:
    """Make UPDATE and DELETE (on PostgreSQL TRUNCATE too) of a table fail."""
    if op.get_bind().dialect.name == "sqlite":
        statements = [SQLITE.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE")]
    else:
        statements = [POSTGRESQL_FUNCTION, *(POSTGRESQL.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE", "TRUNCATE"))]
    for statement in statements:
        op.execute(statement)


def refuse_changes_of(table: str, columns: Sequence[str]) -> None:
    """Make UPDATE of some columns, and DELETE (on PostgreSQL TRUNCATE too), of a table fail; its other columns may change."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    frozen = (SQLITE_OF if sqlite else POSTGRESQL_OF).format(table=table, columns=", ".join(columns))
    others = ("DELETE",) if sqlite else ("DELETE", "TRUNCATE")
    for statement in (frozen, *((SQLITE if sqlite else POSTGRESQL).format(table=table, verb=verb) for verb in others)):
        op.execute(statement)


def refuse_removal_unless(table: str, condition: str) -> None:
    """Let rows of a table that refuses DELETE be deleted where a condition on `OLD` holds."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {table}_refuses_DELETE")
        op.execute(SQLITE_UNLESS.format(table=table, condition=condition))
        return
    op.execute(f"DROP TRIGGER {table}_refuses_DELETE ON {table}")
    op.execute(POSTGRESQL_FUNCTION_UNLESS.format(table=table, condition=condition))
    op.execute(POSTGRESQL_UNLESS.format(table=table))


def missing_guards(engine: Engine) -> list[str]:
    """Return the names of triggers that a new database has, and this one lacks or has in other words."""
    wanted = _triggers_of_new_database()
    if engine.dialect.name == "sqlite":
        found = _sqlite_triggers(engine)
        return sorted(name for name, sql in wanted.items() if found.get(name) != sql)
    with reading(engine) as connection:
        active = {row[0] for row in connection.execute(text(POSTGRESQL_TRIGGERS)) if row[1]}
    tables = {name.partition("_refuses_")[0] for name in wanted}
    wanted_there = {name.lower() for name in wanted} | {f"{table}_refuses_truncate" for table in tables}
    return sorted(wanted_there - active)


@cache
def _triggers_of_new_database() -> dict[str, str]:
    """Return what a SQLite database has that was just made, which is the same as long as the program runs."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = open_database(sqlite_url(Path(folder) / "fresh.db"))
        try:
            return _sqlite_triggers(fresh)
        finally:
            fresh.dispose()


def _sqlite_triggers(engine: Engine) -> dict[str, str]:
    """Return name -> words of the triggers of a SQLite database."""
    with reading(engine) as connection:
        return {row.name: " ".join(row.sql.split()) for row in connection.execute(text(SQLITE_TRIGGERS))}
