"""Row-level security on PostgreSQL, for use in migrations; SQLite has none."""

from alembic import op


def show_only(table: str, condition: str) -> None:
    """Let a table show and take only rows that meet a condition, whoever asks; it holds for the owner of the table too."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY within_scope ON {table} USING ({condition})")


def show_also(table: str, condition: str) -> None:
    """Replace the condition of a table that has one."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP POLICY within_scope ON {table}")
        op.execute(f"CREATE POLICY within_scope ON {table} USING ({condition})")


def show_only_with(table: str, parent: str, key: str, column: str) -> None:
    """Let the rows of a table be as visible as the row of another that they name: `table.column` is `parent.key`."""
    show_only(table, f"EXISTS (SELECT 1 FROM {parent} WHERE {parent}.{key} = {table}.{column})")  # noqa: S608 - names of our own tables
