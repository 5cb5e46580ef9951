"""Opening the database: safe settings, the newest tables, and the one transaction that may write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from features.database.revision import up_to_date
from features.database.sqlite_file import keep_before
from features.errors import StoreError, UsageError
from features.settings import LogSettings
from features.storage.atomic_files import is_read_only, sync_folder
from features.storage.home import Home

if TYPE_CHECKING:
    from features.database.migrate import DueMigrations

SQLITE_PRAGMAS: dict[str, str | int] = {
    "journal_mode": "truncate",
    "synchronous": 2,
    "foreign_keys": 1,
    "secure_delete": 1,
    "recursive_triggers": 1,
    "busy_timeout": 5000,
    "cache_size": -65536,
}
"""Settings of every connection. `truncate` with `synchronous` FULL is what keeps an acknowledged batch through a power cut;
without `recursive_triggers` an INSERT OR REPLACE would slip past the triggers that keep the ledger append-only."""


KEPT_CONNECTIONS, MORE_CONNECTIONS = 10, 40
"""To PostgreSQL, of one process: as many as it has threads that answer, so that none waits for another's."""


def database_url(home: Home, log: LogSettings) -> str:
    """Return where the event log is: the setting, else SQLite under the home folder."""
    return log.database_url or home.database_url


def open_home(home: Home, log: LogSettings) -> Engine:
    """Open the event log of a home, which knows where its archived lists are.

    Raises:
        UsageError: the settings name no database that can be used.
        StoreError: the database cannot be opened safely, or was written by a newer yujing.
    """
    return open_database(database_url(home, log), home.archive)


def open_database(url: str, archive: Path | None = None) -> Engine:
    """Open SQLite or PostgreSQL by its URL, bring its tables up to date and return the engine.

    `archive` is the folder of lists that were moved out of it. A SQLite file whose tables change is copied first.

    Raises:
        UsageError: the URL is none, or names another database.
        StoreError: the database cannot be opened safely, or was written by a newer yujing.
    """
    engine = _connect(url)
    engine.update_execution_options(archive=archive)
    try:
        with reading(engine) as connection:
            ready = up_to_date(connection)
        if not ready:
            _migrate(engine)
    except StoreError:
        engine.dispose()
        raise
    return engine


def read_due_migrations(url: str) -> "DueMigrations":
    """Return which steps would bring the tables of a database up to date, and change nothing.

    Raises:
        UsageError: the URL is none, or names another database.
        StoreError: the database cannot be read, or was written by a newer yujing.
    """
    from features.database.migrate import due_migrations  # noqa: PLC0415 - brings Alembic, which an opened home does without

    engine = _connect(url)
    try:
        with reading(engine) as connection:
            return due_migrations(connection)
    finally:
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads.

    Raises:
        UsageError: the database cannot hold what is looked for.
        StoreError: the database cannot be read.
    """
    with _told_as_store_error("open to reading"), engine.connect() as connection:
        yield connection


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that reads everything as it is at one moment, whatever others write meanwhile.

    Raises:
        StoreError: the database cannot be read.
    """
    level = "REPEATABLE READ" if engine.dialect.name == "postgresql" else "SERIALIZABLE"
    with _told_as_store_error("open to reading"), engine.connect().execution_options(isolation_level=level) as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write; on SQLite it holds the write lock from its first moment.

    Raises:
        UsageError: the database cannot hold a value.
        StoreError: the database refused; whether the last commit happened is told by the idempotency key alone.
    """
    with _told_as_store_error("open to writing"), engine.connect().execution_options(writing=True) as connection, connection.begin():
        yield connection


@contextmanager
def _told_as_store_error(wanted: str) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise UsageError("a value must be one that the database can hold, found one with NUL, or too large. Change it.") from error
    except (DBAPIError, PoolTimeoutError) as error:
        found = " ".join(str(getattr(error, "orig", error)).split())
        raise StoreError(f"the database must be {wanted}, found: {found}. Mend that and repeat: nothing is stored twice.") from error


def _migrate(engine: Engine) -> None:
    """Bring the tables up to date; SQLite's file is copied as it was before."""
    from features.database.migrate import due_migrations, migrate  # noqa: PLC0415 - brings Alembic, which an opened home does without

    with reading(engine) as connection:
        current = due_migrations(connection).current
    if current and engine.dialect.name == "sqlite":
        keep_before(Path(str(engine.url.database)), current)
    with writing(engine) as connection:
        migrate(connection)


def _connect(url: str) -> Engine:
    target = _parse(url)
    return _sqlite_engine(target) if target.get_backend_name() == "sqlite" else _postgresql_engine(target)


def _parse(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise UsageError("database_url must look like postgresql://user@host/name or sqlite:////path/to/file.db.") from error
    if target.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError(f"database_url must name sqlite or postgresql, got {target.get_backend_name()!r}.")
    if target.get_backend_name() == "sqlite" and target.database in (None, "", ":memory:"):
        raise UsageError("database_url must name a file for sqlite: an event log in memory would be lost.")
    return target


def _postgresql_engine(target: URL) -> Engine:
    """Let the program itself see every row; a connection that never said so sees none of the rows that have a place."""
    return create_engine(
        target, pool_pre_ping=True, connect_args={"options": "-c app.scope="}, pool_size=KEPT_CONNECTIONS, max_overflow=MORE_CONNECTIONS
    )


def _sqlite_engine(target: URL) -> Engine:
    _prepare_file(Path(str(target.database)))
    engine = create_engine(target)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_file(path: Path) -> None:
    """Let the file be there, durably, and be its owner's alone; SQLite gives its journal the same rights.

    A file on a disk that cannot be written is left as it is, to be read.
    """
    if path.exists() and is_read_only(path):
        return
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
            sync_folder(path.parent.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(handle, 0o600)
        os.close(handle)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} must be a file that can be written: {error.strerror}. Check the folder and its rights.") from error


def _set_pragmas(connection: SqliteConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for name, wanted in SQLITE_PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={wanted}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise StoreError(f"SQLite must run with {name}={wanted}, found {found!r}. Close other programs that hold the file open.")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")
