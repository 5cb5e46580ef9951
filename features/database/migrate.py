"""Bringing the tables of a home to those of this program."""

from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from features.database.revision import MIGRATIONS, current_revision
from features.errors import StoreError

MIGRATION_LOCK = 7_205_759_403
"""Any number that nothing else locks: on PostgreSQL it lets one program migrate at a time; SQLite's write lock does so by itself."""


@dataclass(frozen=True)
class DueMigrations:
    """Difference between the tables of a home and those of this program."""

    current: str | None
    """Revision of the tables; None of a database without any."""
    steps: tuple[tuple[str, str], ...]
    """Revision and purpose of each step, in their order."""


def due_migrations(connection: Connection) -> DueMigrations:
    """Return which steps are due; there is no way back from any of them.

    Raises:
        StoreError: the home was written by a newer program.
    """
    scripts = _scripts()
    newest_first = list(scripts.walk_revisions())
    current = current_revision(connection)
    if current not in {None, *(script.revision for script in newest_first)}:
        raise StoreError(
            f"the tables must be of revision {scripts.get_current_head()} or older, found {current}. Install a newer yujing, or restore "
            "a backup from before it: tables are never taken back."
        )
    due = list(takewhile(lambda script: script.revision != current, newest_first))
    return DueMigrations(current, tuple((script.revision, script.doc) for script in reversed(due)))


def migrate(connection: Connection) -> None:
    """Upgrade the tables to the newest revision, inside the caller's transaction.

    Raises:
        StoreError: the home was written by a newer program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    if due_migrations(connection).steps:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@cache
def _scripts() -> ScriptDirectory:
    """Return the steps, which are read from their files once for all databases that a process opens."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
