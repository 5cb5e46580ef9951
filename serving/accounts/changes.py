"""Changes to an account that exists: let in again, another role or area."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, update

from features.database.access_tables import account
from features.database.engine import writing
from features.errors import NotFoundError, UsageError
from serving.accounts.accounts import check_grant, check_more
from serving.accounts.permissions import Actor, Role, Scope
from serving.audit import audit_log


def enable_account(engine: Engine, account_id: str, by: str, now: datetime) -> None:
    """Let a disabled account in again, with the password it had; its sessions and tokens stay ended.

    Raises:
        NotFoundError: there is no such account, or it is enabled.
    """
    with writing(engine) as connection:
        disabled = update(account).where(account.c.account_id == account_id, account.c.disabled_at.is_not(None))
        if not connection.execute(disabled.values(disabled_at=None)).rowcount:
            raise NotFoundError("an account that is disabled must be named, found none of that id. List the accounts.")
        audit_log.record(connection, by, "account.enable", account_id, {}, now)


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
        audit_log.record(connection, by, "account.change", account_id, {"before": dict(before), "after": after}, now)


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
