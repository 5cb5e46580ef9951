"""SQLite's file as a whole: copied as it is at one moment, kept before its tables change, rewritten without the room of rows that left."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from features.errors import StoreError
from features.storage.atomic_files import sync_and_hash, sync_folder

BEFORE = ".before-"
"""Between the name of a database and the revision that its copy has."""


def copy_file(database: Path, path: Path) -> None:
    """Copy a database into a new file; nothing that is not committed is in it.

    Raises:
        StoreError: it cannot be read, or the file not be written.
    """
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.Error as error:
        raise StoreError(f"{database} must be open to copying into {path}, found: {error}. Mend that and repeat.") from error


def keep_before(database: Path, revision: str) -> Path:
    """Copy a database whose tables are about to leave a revision beside it, in the place of an earlier such copy; return the copy.

    Raises:
        StoreError: there is no room for it.
    """
    kept, fresh = database.with_name(f"{database.name}{BEFORE}{revision}"), database.with_name(f"{database.name}.{os.getpid()}.new")
    try:
        copy_file(database, fresh)
        fresh.chmod(0o600)
        sync_and_hash(fresh)
        for earlier in database.parent.glob(f"{database.name}{BEFORE}*"):
            earlier.unlink(missing_ok=True)
        fresh.rename(kept)
        sync_folder(database.parent)
    finally:
        fresh.unlink(missing_ok=True)
    return kept


def compact(engine: Engine) -> None:
    """Give the space of rows that left back to the disk; SQLite lets nobody write meanwhile, PostgreSQL does this by itself.

    Raises:
        StoreError: others hold the file open for writing.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with closing(sqlite3.connect(str(engine.url.database))) as connection:
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise StoreError(f"{engine.url.database} must be free to be rewritten, found: {error}. Stop the service and repeat.") from error
