"""Revision of the tables: asked whenever a home is opened, so without the library that changes them."""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

MIGRATIONS = Path(__file__).parent / "migrations"
REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
VERSION_TABLE = "alembic_version"


def up_to_date(connection: Connection) -> bool:
    """Tell whether the tables are of the newest revision, without the lock that changing them takes."""
    return current_revision(connection) == newest_revision()


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the tables; None of a database without any."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    current: str | None = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    return current


@cache
def newest_revision() -> str:
    """Return the revision of this program's tables: revisions are numbered in the order in which they are applied."""
    scripts = (path.read_text(encoding="utf-8") for path in (MIGRATIONS / "versions").glob("*.py"))
    numbers: list[str] = [number for script in scripts for number in REVISION.findall(script)]
    return max(numbers)
