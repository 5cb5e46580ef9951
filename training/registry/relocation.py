"""MLflow's records of files, which name whole paths: they follow a home that was moved, copied or restored elsewhere."""

import sqlite3
from contextlib import closing

from features.errors import StoreError
from features.storage.atomic_files import is_read_only
from features.storage.home import Home

LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)
"""Table and column of every address of a file in MLflow's database."""
FORMER = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:///%/' || ? AND artifact_location <> ?"


def relocate(home: Home) -> int:
    """Let MLflow's database name the files of this home instead of those where it was before; return how many addresses changed.

    Raises:
        StoreError: the file is no database, or another program has it.
    """
    if not home.tracking.exists() or is_read_only(home.tracking):
        return 0
    try:
        with closing(sqlite3.connect(home.tracking, timeout=5)) as connection, connection:
            return _relocate(connection, home)
    except sqlite3.Error as error:
        advice = "Restore it from the backup, or move it away and train anew."
        raise StoreError(f"{home.tracking} must be MLflow's database, open to writing, found: {error}. {advice}") from error


def _relocate(connection: sqlite3.Connection, home: Home) -> int:
    here = home.artifacts.resolve().as_uri()
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
        return 0
    former = [row[0] for row in connection.execute(FORMER, (home.artifacts.name, here))]
    return sum(_replace(connection, place, here) for place in former)


def _replace(connection: sqlite3.Connection, former: str, here: str) -> int:
    changed = 0
    for table, column in LOCATIONS:
        present = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if column in present:
            statement = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?"  # noqa: S608 - names above
            changed += connection.execute(statement, (here, len(former) + 1, len(former), former)).rowcount
    return changed
