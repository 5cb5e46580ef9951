"""Triggers that keep a table append-only, for use in migrations."""

from collections.abc import Sequence

from alembic import op

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
