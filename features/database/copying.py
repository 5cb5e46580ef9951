"""A copy of the database at one moment, made while others write."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from features.errors import StoreError, UsageError


def ensure_copyable(engine: Engine) -> None:
    """Refuse a database that is no file.

    Raises:
        UsageError: it is PostgreSQL.
    """
    if engine.dialect.name != "sqlite":
        raise UsageError("PostgreSQL must be backed up by its own tools, such as pgBackRest; copy published/ and keys/ beside that.")


def copy_database(engine: Engine, path: Path) -> None:
    """Copy a SQLite database into a new file; nothing that is not committed is in it.

    Raises:
        StoreError: it cannot be read, or the file not be written.
    """
    try:
        with closing(sqlite3.connect(str(engine.url.database))) as connection:
            connection.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.Error as error:
        raise StoreError(f"{engine.url.database} must be open to copying into {path}, found: {error}. Mend that and repeat.") from error
