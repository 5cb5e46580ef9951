"""Two walls between jurisdictions: what a query asks for, and what the database itself lets it see.

The first is the `Scope` that every reader of published rows asks for. The second is row-level security on PostgreSQL: within a scope even a
query that forgot to ask sees no foreign row. SQLite has no such thing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, func, select

from features.database.engine import reading
from serving.access.actor import Scope


@contextmanager
def reading_within(engine: Engine, scope: Scope) -> Iterator[Connection]:
    """Open a transaction that reads what lies in a scope.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.set_config("app.scope", scope.path, True)))
        yield connection
