"""Triggers that keep a table append-only, for use in migrations."""

from alembic import op

SQLITE = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""

POSTGRESQL = """
CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def refuse_changes(table: str) -> None:
    """Make UPDATE and DELETE (on PostgreSQL TRUNCATE too) of a table fail."""
    if op.get_bind().dialect.name == "sqlite":
        statements = [SQLITE.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE")]
    else:
        statements = [POSTGRESQL_FUNCTION, *(POSTGRESQL.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE", "TRUNCATE"))]
    for statement in statements:
        op.execute(statement)
