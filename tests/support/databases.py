"""Real databases for tests: SQLite files, and databases of one PostgreSQL server, copied because that is quicker than making them."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, select, text, update

from features.database import engine as database_engine
from features.database.all_tables import metadata
from features.database.engine import open_database, reading
from features.database.tables import ranking_row
from features.storage.home import Home, sqlite_url

DIALECTS = ("sqlite", "postgresql")
OWNER = "owner_of_the_tables"
"""The account that tests connect as: no superuser, for whom PostgreSQL would lift every wall."""
PRAGMAS_AS_SHIPPED = dict(database_engine.SQLITE_PRAGMAS)


class Databases:
    """Makes databases, each for one home, and drops them."""

    def __init__(self, server_url: Callable[[], str]) -> None:
        self._server_url = server_url
        self._made: list[str] = []

    @contextmanager
    def new(self, dialect: str, root: Path, copy_of: URL | None = None) -> Iterator[str]:
        """Yield the address of a database for the home at `root`: one without rows, or a copy that nobody is connected to.

        A SQLite database is copied with the home that it lies in.
        """
        if dialect == "sqlite":
            yield Home(root).database_url
            return
        name = self._create(str(copy_of.database) if copy_of else self._empty)
        yield self._address(name)
        self._drop(name)

    def bare(self, dialect: str, root: Path) -> AbstractContextManager[str]:
        """Yield the address of a database without tables."""
        return self.new(dialect, root, make_url("postgresql:///template0"))

    @contextmanager
    def unreadable(self, engine: Engine) -> Iterator[None]:
        """Let nobody read a database for a while."""
        if engine.dialect.name == "sqlite":
            path = Path(str(engine.url.database))
            whole = path.read_bytes()
            path.write_bytes(b"no database" * 1000)
            yield
            path.write_bytes(whole)
            return
        self._allow_connections(engine.url, allowed=False)
        yield
        self._allow_connections(engine.url, allowed=True)

    def close(self) -> None:
        """Drop what is left, for a server that goes on."""
        for name in list(self._made):
            self._drop(name)
        if "_server" in vars(self):
            self._server.dispose()

    @property
    def server_url(self) -> URL:
        """Where PostgreSQL answers an account that may do everything."""
        return self._server.url

    @cached_property
    def _server(self) -> Engine:
        server = create_engine(self._server_url(), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            if not connection.execute(text(f"SELECT 1 FROM pg_roles WHERE rolname = '{OWNER}'")).first():
                connection.exec_driver_sql(f"CREATE ROLE {OWNER} LOGIN")
        return server

    @cached_property
    def _empty(self) -> str:
        """Name of a database with the newest tables and no rows."""
        name = self._create("template0")
        open_database(self._address(name)).dispose()
        return name

    def _address(self, name: str) -> str:
        return self._server.url.set(database=name, username=OWNER, password=None).render_as_string()

    def _create(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self._run(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY FILE_COPY")
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")
        self._made.remove(name)

    def _allow_connections(self, url: URL, *, allowed: bool) -> None:
        self._run(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS {allowed}")
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.database}'")

    def _run(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def copied_tables() -> Iterator[None]:
    """Let every new SQLite file of this process start as a copy of one that was migrated, which takes a hundredth of the time."""
    with tempfile.TemporaryDirectory() as folder:
        migrated = Path(folder) / "migrated.db"
        open_database(sqlite_url(migrated)).dispose()
        content = migrated.read_bytes()
    prepare, one_at_a_time = database_engine._prepare_file, Lock()

    def prepare_with_tables(path: Path) -> None:
        with one_at_a_time:
            prepare(path)
            if not path.stat().st_size:
                path.write_bytes(content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_engine, "_prepare_file", prepare_with_tables)
        yield


@contextmanager
def no_wait_for_the_disk() -> Iterator[None]:
    """Let this process write without waiting until it is on the disk: only a power cut would show it. Processes it starts do wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database_engine.SQLITE_PRAGMAS, "synchronous", 0)
        patch.setattr(os, "fsync", lambda _: None)
        yield


def all_rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table, in one order."""
    with reading(engine) as connection:
        return {table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for table in metadata.sorted_tables}


def reword_rows(connection: Connection, ranking_id: int, old: str, new: str) -> None:
    """Replace words in the rows of a published list, behind the ledger's back."""
    key = [ranking_row.c[name] for name in ("level", "position")]
    for level, position, body in connection.execute(select(*key, ranking_row.c.body).where(ranking_row.c.ranking_id == ranking_id)).all():
        changed = update(ranking_row).where(ranking_row.c.ranking_id == ranking_id, key[0] == level, key[1] == position)
        connection.execute(changed.values(body=body.replace(old, new)))


def drop_trigger(connection: Connection, table: str, verb: str) -> None:
    """Take away what refuses a change, as someone with the database in hand can."""
    connection.execute(text(f"DROP TRIGGER {table}_refuses_{verb}" + (f" ON {table}" if connection.dialect.name == "postgresql" else "")))
