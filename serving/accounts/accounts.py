"""Accounts: made, changed and disabled by an administrator, born with a one-time password."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from features.database.access_tables import account, login_attempt, session, token
from features.database.engine import reading, writing
from features.database.tables import grid
from features.errors import ConflictError, NotFoundError, UsageError
from serving import audit
from serving.accounts.passwords import (
    PASSWORD_PAGE,
    check_password,
    count_attempt,
    hash_one_time,
    hash_password,
    of_account,
    one_time_password,
    password_fits,
)
from serving.accounts.permissions import EVERYTHING, Actor, Role, Scope

NAME = re.compile(r"[\w.@-]{2,64}")
ID_BYTES = 6


@dataclass(frozen=True)
class NewAccount:
    """Decisions of an administrator about an account."""

    name: str
    role: Role
    scope: Scope
    administers: bool = False
    unit: str = ""
    """Unit (单位) that its holder works for."""
    more_scopes: tuple[str, ...] = ()
    """Paths of further areas."""


@dataclass(frozen=True)
class Account:
    """An account as administrators see it."""

    actor: Actor
    created_at: datetime
    disabled_at: datetime | None
    unit: str = ""
    signed_in_at: datetime | None = None


def create_account(engine: Engine, new: NewAccount, by: str, now: datetime) -> tuple[Account, str]:
    """Store an account and return it with its one-time password, which is nowhere else; `by` is the account_id of who decided.

    Raises:
        UsageError: the name is taken, or is none, or no grid lies in the scope.
    """
    with writing(engine) as connection:
        return add_account(connection, new, by, now)


def add_account(connection: Connection, new: NewAccount, by: str, now: datetime) -> tuple[Account, str]:
    """Do as `create_account` inside the caller's writing transaction."""
    if not NAME.fullmatch(new.name):
        raise UsageError("a login name must have 2 to 64 letters, digits or . @ - _, found another one. Choose such a name.")
    if connection.execute(select(account.c.name).where(account.c.name == new.name)).first():
        raise UsageError("a login name must be new, found an account of that name. Choose another one.")
    check_grant(connection, new.role, new.scope)
    more_scopes = check_more(connection, new.role, new.scope, new.more_scopes)
    password = one_time_password()
    actor = Actor(f"a{secrets.token_hex(ID_BYTES)}", new.name, new.role, new.scope, new.administers, must_change_password=True)
    granted = {
        "role": new.role,
        "scope": new.scope.path,
        "department": new.scope.department or None,
        "administers": new.administers,
        "unit": new.unit or None,
        "more_scopes": more_scopes,
    }
    stored = {"account_id": actor.account_id, "name": new.name, "must_change_password": True, "created_at": now}
    connection.execute(insert(account), stored | granted | {"password_hash": hash_one_time(password)})
    audit.record(connection, by, "account.create", actor.account_id, granted, now)
    return Account(actor, now, None, new.unit), password


def first_account(engine: Engine, now: datetime) -> str | None:
    """Make the administrator `admin` where there is no account, and return its one-time password; None where there is one."""
    with reading(engine) as connection:
        if connection.execute(select(account.c.account_id).limit(1)).first():
            return None
    _, password = create_account(engine, NewAccount("admin", Role.COMMAND, EVERYTHING, administers=True), audit.OPERATOR, now)
    return password


def find_account(engine: Engine, name: str) -> Account:
    """Return the account of a login name.

    Raises:
        NotFoundError: there is none.
    """
    found = next((each for each in accounts(engine) if each.actor.name == name), None)
    if found is None:
        raise NotFoundError("an account must be named, found none of that name. List the accounts.")
    return found


def accounts(engine: Engine) -> list[Account]:
    """Return all accounts, by name."""
    with reading(engine) as connection:
        rows = connection.execute(select(account).order_by(account.c.name)).mappings()
        return [
            Account(actor_of(row, by_password=True), row["created_at"], row["disabled_at"], row["unit"] or "", row["signed_in_at"])
            for row in rows
        ]


def disable_account(engine: Engine, account_id: str, by: str, now: datetime) -> None:
    """Let an account in no more; its sessions and tokens end at once.

    Raises:
        NotFoundError: there is no such account, or it is disabled already.
        ConflictError: it is the last administrator.
    """
    with writing(engine) as connection:
        chiefs = select(account.c.account_id).where(account.c.administers, account.c.disabled_at.is_(None))
        if connection.execute(chiefs).scalars().all() == [account_id]:
            raise ConflictError("one administrator must be left, found no other. Make another one first.")
        wanted = update(account).where(account.c.account_id == account_id, account.c.disabled_at.is_(None))
        if not connection.execute(wanted.values(disabled_at=now)).rowcount:
            raise NotFoundError("an account that is enabled must be named, found none of that id. List the accounts.")
        _end_credentials(connection, account_id)
        audit.record(connection, by, "account.disable", account_id, {}, now)


def reset_password(engine: Engine, account_id: str, by: str, now: datetime) -> str:
    """Give an account a new one-time password and return it; its sessions and tokens end, and its failed logins are forgotten.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: it is disabled, so no password would let it in.
    """
    password = one_time_password()
    with writing(engine) as connection:
        if connection.execute(select(account.c.disabled_at).where(account.c.account_id == account_id)).scalar():
            raise ConflictError("an account must be enabled to get a password, found it disabled. Enable it first.")
        _store_password(connection, account_id, password, one_time=True)
        forget_attempts(connection, account_id)
        audit.record(connection, by, "account.reset_password", account_id, {}, now)
    return password


def change_password(engine: Engine, actor: Actor, old: str, new: str, now: datetime) -> None:
    """Let an account choose its password; its other sessions and its tokens end with this one, so it signs in again.

    Raises:
        UsageError: the old one is wrong, or the new one may not be chosen.
        TooManyError: the old one was wrong too often within the hour.
    """
    check_password(new, actor.name)
    attempt = count_attempt(engine, actor.name, PASSWORD_PAGE, now)
    with reading(engine) as connection:
        stored = connection.execute(select(account.c.password_hash).where(account.c.account_id == actor.account_id)).scalar()
    if old == new or not password_fits(stored, old):
        raise UsageError("the old password must be the one in use, and the new one another. Enter them again.")
    with writing(engine) as connection:
        connection.execute(delete(login_attempt).where(attempt))
        _store_password(connection, actor.account_id, new, one_time=False)
        audit.record(connection, actor.account_id, "account.change_password", actor.account_id, {}, now)


def actor_of(row: RowMapping, *, by_password: bool) -> Actor:
    """Return who an account's row stands for; only who came by a one-time password has to change it."""
    return Actor(
        account_id=row["account_id"],
        name=row["name"],
        role=Role(row["role"]),
        scope=Scope(row["scope"], row["department"] or ""),
        administers=row["administers"],
        areas=(row["scope"], *more) if (more := row["more_scopes"]) else (),
        must_change_password=by_password and row["must_change_password"],
    )


def forget_attempts(connection: Connection, account_id: str) -> int:
    """Forget the failed logins of an account and return how many there were."""
    name = connection.execute(select(account.c.name).where(account.c.account_id == account_id)).scalar_one()
    return connection.execute(delete(login_attempt).where(of_account(name))).rowcount


def check_grant(connection: Connection, role: Role, scope: Scope) -> None:
    """Return quietly when an account may have a role and a scope.

    Raises:
        UsageError: the role and the department do not go together, or no grid lies in the scope.
    """
    if (role is Role.DEPARTMENT) != bool(scope.department):
        raise UsageError("an account of role department must name its department, and no other may. Choose one from alerts.departments.")
    if scope.department and scope.path:
        raise UsageError("an account of a department must have no area, for it sees what it is handed alone. Leave the area out.")
    rows = connection.execute(select(grid.c.parent_path, grid.c.grid_id)) if scope.path else ()
    if scope.path and not any(scope.covers(f"{row.parent_path}/{row.grid_id}") for row in rows):
        raise UsageError("a scope must be the path of an area or grid, such as 990101/990101002, found another. List the areas.")


def check_more(connection: Connection, role: Role, first: Scope, further: Sequence[str]) -> list[str] | None:
    """Return the further areas of an account as they are stored: each once, without the first.

    Raises:
        UsageError: one of them is none, the first is the whole or a department, or the account is a wall screen.
    """
    paths = [path for path in dict.fromkeys(further) if path != first.path]
    if paths and (not first.path or role is Role.WALL):
        raise UsageError(
            "further areas must stand beside a first area of an account of people, found none. Name the first, or leave them out."
        )
    for path in paths:
        check_grant(connection, role, Scope(path))
    return paths or None


def _store_password(connection: Connection, account_id: str, password: str, *, one_time: bool) -> None:
    wanted = update(account).where(account.c.account_id == account_id)
    password_hash = hash_one_time(password) if one_time else hash_password(password)
    stored = connection.execute(wanted.values(password_hash=password_hash, must_change_password=one_time))
    if not stored.rowcount:
        raise NotFoundError("an account must be named, found none of that id. List the accounts.")
    _end_credentials(connection, account_id)


def _end_credentials(connection: Connection, account_id: str) -> None:
    for table in (session, token):
        connection.execute(delete(table).where(table.c.account_id == account_id))


def enable_account(engine: Engine, account_id: str, by: str, now: datetime) -> None:
    """Let a disabled account in again, with the password it had; its sessions and tokens stay ended.

    Raises:
        NotFoundError: there is no such account, or it is enabled.
    """
    with writing(engine) as connection:
        disabled = update(account).where(account.c.account_id == account_id, account.c.disabled_at.is_not(None))
        if not connection.execute(disabled.values(disabled_at=None)).rowcount:
            raise NotFoundError("an account that is disabled must be named, found none of that id. List the accounts.")
        audit.record(connection, by, "account.enable", account_id, {}, now)


@dataclass(frozen=True)
class Grant:
    """Role and areas of an account, and the unit that its holder works for."""

    role: Role
    scope: Scope
    more_scopes: tuple[str, ...] = ()
    """Paths of further areas."""
    unit: str | None = None
    """None leaves the unit as it is."""


def change_account(engine: Engine, account_id: str, grant: Grant, by: str, now: datetime) -> None:
    """Give an account another role and scope, which hold for its open sessions and its tokens too.

    Raises:
        NotFoundError: there is no such account.
        UsageError: role and scope do not go together, no grid lies in the scope, or the account is or would be a wall screen.
    """
    role, scope = grant.role, grant.scope
    columns = (account.c.role, account.c.scope, account.c.department, account.c.unit, account.c.more_scopes)
    with writing(engine) as connection:
        query = select(*columns).where(account.c.account_id == account_id)
        before = connection.execute(query).mappings().first()
        if before is None:
            raise NotFoundError("an account must be named, found none of that id. List the accounts.")
        if Role.WALL in (role, before["role"]):
            raise UsageError("a wall screen must keep its role and area, and no account can become one. Make a new wall screen on /admin.")
        check_grant(connection, role, scope)
        after: dict[str, object] = {"role": role.value, "scope": scope.path, "department": scope.department or None}
        after["unit"] = before["unit"] if grant.unit is None else grant.unit or None
        after["more_scopes"] = check_more(connection, role, scope, grant.more_scopes)
        connection.execute(update(account).where(account.c.account_id == account_id).values(after))
        audit.record(connection, by, "account.change", account_id, {"before": dict(before), "after": after}, now)


def grant_of(actor: Actor, role: Role | None, path: str | None, department: str | None) -> Grant:
    """Return role and areas of an account after a change; None keeps what it has, a new area takes the place of all.

    Raises:
        UsageError: nothing is to change, or an account that leaves its department is given no area, which would be the whole.
    """
    if (role, path, department) == (None, None, None):
        raise UsageError("a change must name a role, an area or a department, found none. Give at least one.")
    role = role or actor.role
    if role is Role.DEPARTMENT:
        return Grant(role, Scope(path or "", actor.scope.department if department is None else department))
    if actor.role is Role.DEPARTMENT and path is None:
        raise UsageError('an account that leaves its department must be given an area, found none. Name it, or "" for the whole.')
    return Grant(role, Scope(actor.scope.path if path is None else path, department or ""), actor.areas[1:] if path is None else ())
