"""Guards of append-only tables: the triggers that refuse changes, compared with those of a database that was just made."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text

from features.database.engine import open_database, reading
from features.storage.home import sqlite_url

SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
POSTGRESQL_TRIGGERS = """
SELECT tgname, tgenabled IN ('O', 'A') AND prosrc LIKE '%RAISE EXCEPTION%'
FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal
"""


def missing_guards(engine: Engine) -> list[str]:
    """Return the names of triggers that a new database has, and this one lacks or has in other words."""
    wanted = _triggers_of_new_database()
    if engine.dialect.name == "sqlite":
        found = _sqlite_triggers(engine)
        return sorted(name for name, sql in wanted.items() if found.get(name) != sql)
    with reading(engine) as connection:
        active = {row[0] for row in connection.execute(text(POSTGRESQL_TRIGGERS)) if row[1]}
    tables = {name.partition("_refuses_")[0] for name in wanted}
    wanted_there = {name.lower() for name in wanted} | {f"{table}_refuses_truncate" for table in tables}
    return sorted(wanted_there - active)


@cache
def _triggers_of_new_database() -> dict[str, str]:
    """Return what a SQLite database has that was just made, which is the same as long as the program runs."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = open_database(sqlite_url(Path(folder) / "fresh.db"))
        try:
            return _sqlite_triggers(fresh)
        finally:
            fresh.dispose()


def _sqlite_triggers(engine: Engine) -> dict[str, str]:
    """Return name -> words of the triggers of a SQLite database."""
    with reading(engine) as connection:
        return {row.name: " ".join(row.sql.split()) for row in connection.execute(text(SQLITE_TRIGGERS))}
