"""Rows for any table: right in every column, and whatever a test states."""

from datetime import UTC, date, datetime

from sqlalchemy import JSON, BigInteger, Boolean, Connection, Date, Float, Integer, String, Table, insert

from features.database.packed_text import PackedText
from features.database.tables import UtcTime

_VALUES: dict[type, object] = {
    PackedText: "{}",
    JSON: {},
    String: "x",
    Date: date(2026, 1, 5),
    UtcTime: datetime(2026, 1, 5, tzinfo=UTC),
    Integer: 1,
    BigInteger: 1,
    Float: 1.0,
    Boolean: False,
}


def put(connection: Connection, table: Table, *rows: dict[str, object]) -> None:
    """Insert rows that are filled up where a column must hold something."""
    needed = {column.name: _VALUES[type(column.type)] for column in table.columns if not column.nullable}
    for row in rows:
        connection.execute(insert(table).values(needed | row))
