"""Two walls between jurisdictions: what a query asks for, and what the database itself lets it see.

The first is the `Scope` that every reader of published rows asks for. The second is row-level security on PostgreSQL: within a scope even a
query that forgot to ask sees no foreign row. SQLite has no such thing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, func, select, text

from features.database.engine import reading
from features.errors import StoreError
from serving.accounts.permissions import Scope

NO_AREA = " "
"""Scope of a department: no path is a blank."""
ABOVE_THE_WALL = "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
DUMPERS = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND (rolsuper OR rolbypassrls) ORDER BY rolname"
WALLED = """
SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid ORDER BY relname
"""


@contextmanager
def reading_within(engine: Engine, scope: Scope) -> Iterator[Connection]:
    """Open a transaction that reads what lies in a scope.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(engine) as connection:
        if connection.dialect.name == "postgresql":
            area = NO_AREA if scope.department else scope.path
            connection.execute(select(func.set_config("app.scope", area, True), func.set_config("app.department", scope.department, True)))
        yield connection


def check_row_security(engine: Engine) -> str:
    """Say what the second wall is on this database, and which roles pg_dump is whole by, for it leaves out rows that a role may not see.

    Raises:
        StoreError: PostgreSQL does not hold this account, or what owns the tables, to it.
    """
    if engine.dialect.name != "postgresql":
        return "none: SQLite leaves it to the first"
    with reading(engine) as connection:
        account, above = connection.execute(text(ABOVE_THE_WALL)).one()
        tables = connection.execute(text(WALLED)).all()
        dumpers = connection.execute(text(DUMPERS)).scalars().all()
    if above:
        raise StoreError(f"row-level security must bind the database account, and {account} is a superuser or has BYPASSRLS. Use another.")
    if loose := [name for name, forced in tables if not forced]:
        raise StoreError(f"row-level security must be forced on its owner too, and is not on {', '.join(loose)}. ALTER TABLE ... FORCE it.")
    whole = f"pg_dump is whole by {', '.join(dumpers)} alone" if dumpers else "no role may dump it whole by pg_dump"
    return f"row-level security on {len(tables)} tables binds {account}; {whole}, yujing backup by {account}"
