"""Frames into tables and out of them, many rows at a time."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import polars.selectors as cs
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Row, Select, Table, any_, func, literal, select, type_coerce

from features.database.tables import UtcTime

READ_ROWS = 50_000
"""Rows held as Python objects while a frame is read."""
PARAMETERS = 2_000
"""Values that one statement brings to SQLite: rows that go in together take half the time of rows that go one by one."""


def insert_rows(connection: Connection, table: Table, rows: pl.DataFrame, on_conflict: str = "") -> None:
    """Insert a frame whose columns are columns of the table; times go in as microseconds."""
    if rows.is_empty():
        return
    rows = rows.select(column for column in rows if column.null_count() < len(column))  # a quarter faster where a source leaves fields out
    names = ", ".join(f'"{name}"' for name in rows.columns)
    into = f'INSERT INTO "{table.name}" ({names}) VALUES'
    rows = rows.with_columns(cs.datetime().to_physical())
    if connection.dialect.name == "sqlite":
        size = max(PARAMETERS // rows.width, 1)
        whole = rows.height // size * size
        for together, some in ((size, rows[:whole]), (rows.height - whole, rows[whole:])):
            if not some.is_empty():
                marks = ", ".join([f"({', '.join('?' * rows.width)})"] * together)
                connection.exec_driver_sql(f"{into} {marks} {on_conflict}", _joined(some, together))
    else:
        connection.exec_driver_sql(f"{into} ({', '.join(['%s'] * rows.width)}) {on_conflict}", rows.rows())


def _joined(rows: pl.DataFrame, size: int) -> list[tuple[Any, ...]]:
    """Return the values of every `size` rows, one row after the other; by columns it takes half the time of joining rows."""
    values: list[Any] = [None] * (rows.height * rows.width)
    for place, column in enumerate(rows):
        values[place :: rows.width] = column.to_list()
    step = size * rows.width
    return [tuple(values[start : start + step]) for start in range(0, len(values), step)]


def read_frame(connection: Connection, query: Select[*tuple[Any, ...]], schema: pl.Schema) -> pl.DataFrame:
    """Run a query whose columns are those of `schema`, in its order, and return a frame of that schema."""
    blocks = connection.execute(query).partitions(READ_ROWS)
    return pl.concat([pl.DataFrame(schema=schema), *(_frame(block, schema) for block in blocks)])


def plain(columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Let moments be read as the integers they are stored as."""
    return [type_coerce(column, BigInteger) if isinstance(column.type, UtcTime) else column for column in columns]


def among(connection: Connection, column: ColumnElement[Any], values: pl.Series) -> ColumnElement[bool]:
    """Return the condition that a column is one of any number of values, sent as one parameter."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(values.to_list())).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(values.to_list(), ARRAY(column.type)))


def _frame(block: Sequence[Row[*tuple[Any, ...]]], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(schema.items(), zip(*block, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, values, dtype=dtype) for (name, dtype), values in columns])
