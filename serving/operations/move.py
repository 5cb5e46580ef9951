"""Moving to another database: every row in one transaction, and both chains verified where they arrive."""

from dataclasses import dataclass

from sqlalchemy import Engine

from features.database.copying import copy_rows, count_rows
from features.database.engine import open_database
from features.database.known_keys import lost_keys
from features.errors import StoreError
from features.storage.home import Home
from serving.audit import audit_log
from serving.rankings import ledger


@dataclass(frozen=True)
class Moved:
    """Counts of what was moved."""

    rows: int
    lists: int
    entries: int
    """Of the audit trail."""


def move(home: Home, source: Engine, url: str) -> Moved:
    """Copy a database into another one without rows; nobody should write to the old one meanwhile.

    Raises:
        UsageError: the other database has rows, or the address names none.
        StoreError: a chain is not whole, a key is lost, or rows were written meanwhile.
    """
    if lost := lost_keys(home, source):
        raise StoreError(f"{home.keys} must hold the keys that the database knows, found other or no {', '.join(lost)}. Restore them.")
    before = ledger.verify(source), audit_log.verify(source)
    target = open_database(url, home.archive)
    try:
        rows = copy_rows(source, target)
        last, entries = ledger.verify(target), audit_log.verify(target)
        if (last, entries) != before or count_rows(source) != count_rows(target):
            raise StoreError("nobody must write while a database is moved, and somebody did. Stop the service, then take a new one.")
    finally:
        target.dispose()
    return Moved(rows, last.id if last else 0, entries)
