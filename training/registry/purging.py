"""Removing runs and models from MLflow's store for good: its files, its rows, and the bytes of both."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing

from features.errors import StoreError
from features.storage.home import Home
from training.registry import mlflow_switches  # noqa: F401 - sets what the command of MLflow goes by

PURGE_SECONDS = 600
DELETED = "Deleted_Internal"
"""MLflow's stage of a version that was deleted, whose row stays."""
LEFT_BEHIND = (
    "DELETE FROM inputs WHERE destination_type = 'RUN' AND destination_id NOT IN (SELECT run_uuid FROM runs)",
    "DELETE FROM input_tags WHERE input_uuid NOT IN (SELECT input_uuid FROM inputs)",
    "DELETE FROM datasets WHERE dataset_uuid NOT IN (SELECT source_id FROM inputs)",
    "DELETE FROM model_version_tags WHERE (name, version) IN (SELECT name, version FROM model_versions WHERE current_stage = ?)",
)
"""What MLflow's own command leaves of runs and versions that are gone: the description of their data, and their tags."""


def purge(home: Home, run_ids: Sequence[str]) -> None:
    """Remove runs and models that are marked as deleted, with their files, by MLflow's own command, and what that leaves of them.

    Raises:
        StoreError: it could not.
    """
    where = ["--backend-store-uri", home.tracking_url, "--tracking-uri", home.tracking_url]
    command = [sys.executable, "-m", "mlflow", "gc", *where, "--run-ids", ",".join(run_ids)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PURGE_SECONDS)  # noqa: S603 - ids out of the store
    if done.returncode:
        fault = (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]
        raise StoreError(f"MLflow must remove the runs that were marked as deleted, and did not: {fault}. Repeat `yujing prune`.")
    _forget(home)
    for run_id in run_ids:  # MLflow leaves the empty folders
        shutil.rmtree(home.artifacts / run_id, ignore_errors=True)
    for folder in (home.artifacts / "models").glob("*"):
        if not any(path.is_file() for path in folder.rglob("*")):
            shutil.rmtree(folder)


def _forget(home: Home) -> None:
    """Remove rows that nothing names any more, and write the file anew, so that no byte of what left it stays."""
    try:
        with closing(sqlite3.connect(home.tracking, timeout=5)) as connection:
            with connection:
                for statement in LEFT_BEHIND:
                    connection.execute(statement, (DELETED,) * statement.count("?"))
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise StoreError(f"{home.tracking} must be free to be rewritten, found: {error}. Repeat `yujing prune`.") from error
