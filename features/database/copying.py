"""Copies of a database at one moment, made while others write: into a SQLite file, or row by row into any database without rows."""

from pathlib import Path

from sqlalchemy import Connection, Engine, Integer, Select, Table, func, insert, select, text

from features.database.all_tables import metadata
from features.database.engine import open_database, reading, snapshot, writing
from features.database.sqlite_file import copy_file
from features.errors import UsageError
from features.storage.home import sqlite_url

BLOCK_ROWS = 2_000
SEEDED = ("sequence",)
"""Tables in which a new database has rows already."""
EARLIER_FIRST = {"alert": "raised_at"}
"""Tables whose rows name other rows of theirs, and the column by which those come first."""


def copy_database(engine: Engine, path: Path) -> None:
    """Copy a database into a new SQLite file; nothing that is not committed is in it.

    Raises:
        StoreError: it cannot be read, or the file not be written.
    """
    if engine.dialect.name == "sqlite":
        copy_file(Path(str(engine.url.database)), path)
        return
    target = open_database(sqlite_url(path))
    try:
        copy_rows(engine, target)
    finally:
        target.dispose()


def copy_rows(source: Engine, target: Engine) -> int:
    """Copy every row of a database, as it is at one moment, into one without rows, in one transaction; return how many there were.

    Raises:
        UsageError: the target has rows.
        StoreError: one of the two refused; the target is as it was.
    """
    with snapshot(source) as reader, writing(target) as writer:
        _refuse_rows(writer)
        return sum(_copy_table(table, reader, writer) for table in metadata.sorted_tables)


def count_rows(engine: Engine) -> dict[str, int]:
    """Return table -> number of rows."""
    with reading(engine) as connection:
        return {table.name: _count(connection, table) for table in metadata.sorted_tables}


def _copy_table(table: Table, reader: Connection, writer: Connection) -> int:
    if table.name in SEEDED:
        writer.execute(table.delete())
    count = 0
    for block in reader.execution_options(yield_per=BLOCK_ROWS).execute(_in_order(table)).mappings().partitions():
        writer.execute(insert(table), [dict(row) for row in block])
        count += len(block)
    if writer.dialect.name == "postgresql":
        _advance_counter(writer, table)
    return count


def _in_order(table: Table) -> Select[*tuple[object, ...]]:
    first = [table.c[EARLIER_FIRST[table.name]]] if table.name in EARLIER_FIRST else []
    return select(table).order_by(*first, *table.primary_key.columns)


def _advance_counter(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number the next row after those that were copied with their numbers."""
    key = list(table.primary_key.columns)
    if len(key) != 1 or not isinstance(key[0].type, Integer):
        return
    counter = connection.execute(select(func.pg_get_serial_sequence(table.name, key[0].name))).scalar()
    if counter and (last := connection.execute(select(func.max(key[0]))).scalar()):
        connection.execute(text("SELECT setval(:counter, :last)"), {"counter": counter, "last": last})


def _refuse_rows(connection: Connection) -> None:
    filled = [table.name for table in metadata.sorted_tables if table.name not in SEEDED and _count(connection, table)]
    if filled:
        raise UsageError(f"the database to copy into must be without rows, found some in {', '.join(filled[:3])}. Name a new one.")


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
