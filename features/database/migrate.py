"""Bringing the tables of a home to those of this program."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from features.errors import StoreError

MIGRATION_LOCK = 7_205_759_403
"""Any number that nothing else locks: on PostgreSQL it lets one program migrate at a time; SQLite's write lock does so by itself."""


def up_to_date(connection: Connection) -> bool:
    """Tell whether the tables are of the newest revision, without the lock that changing them takes."""
    return MigrationContext.configure(connection).get_current_revision() == ScriptDirectory.from_config(_config()).get_current_head()


def migrate(connection: Connection) -> None:
    """Upgrade the tables to the newest revision, inside the caller's transaction.

    Raises:
        StoreError: the home was written by a newer program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    config = _config()
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current not in {None, *(script.revision for script in scripts.walk_revisions())}:
        raise StoreError(f"the tables must be of revision {scripts.get_current_head()} or older, found {current}. Install a newer yujing.")
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
