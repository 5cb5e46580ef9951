"""Sessions bound to a device: phones that stay signed in for 30 days, and wall screens that stay signed in until they are revoked.

A bound session is good only from the browser that holds the device's key, a cookie of its own, and where an address is named only from
there. A wall screen is enrolled by a link that an administrator sees once; the first browser that opens it becomes the screen.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, or_, select, update

from features.database.access_tables import account, session
from features.database.engine import reading, writing
from features.errors import NotFoundError, UsageError
from serving.accounts.accounts import NewAccount, create_account
from serving.accounts.permissions import Role, Scope
from serving.accounts.sessions import LASTING, hash_secret, new_secret
from serving.audit import audit_log

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
"""End of a wall screen's session, which has none."""
ENROLLED_WITHIN = timedelta(days=1)
"""Time in which the link of a wall screen must be opened."""
NO_SUCH_WALL = "the link of a wall screen is opened once, within a day, from its address. Ask an administrator for another."
ID_LENGTH = 12
DEVICES = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "Mac", "Linux": "Linux"}


@dataclass(frozen=True)
class Device:
    """A browser that a session is bound to."""

    key: str
    """Secret that it keeps; stored as its hash only."""
    label: str

    @property
    def hash(self) -> str:
        """SHA-256 of the key."""
        return hash_secret(self.key)


@dataclass(frozen=True)
class BoundSession:
    """A bound session as administrators see it."""

    session_id: str
    """First digits of the hash of its secret."""
    account_id: str
    name: str
    role: Role
    label: str
    address: str | None
    enrolled: bool
    seen_at: datetime


def device_of(key: str | None, user_agent: str) -> Device:
    """Return the device of a browser: by the key it holds, else with a new one."""
    label = next((name for mark, name in DEVICES.items() if mark in user_agent), "browser")
    return Device(key or secrets.token_urlsafe(32), label)


def bind_session(engine: Engine, secret: str, device: Device, now: datetime) -> None:
    """Bind a session that was just opened to the browser, and let it last."""
    secret_hash = hash_secret(secret)
    bound = {"device_hash": device.hash, "label": device.label, "ends_at": now + LASTING}
    with writing(engine) as connection:
        query = update(session).where(session.c.secret_hash == secret_hash).values(bound).returning(session.c.account_id)
        account_id = connection.execute(query).scalar_one()
        audit_log.record(connection, account_id, "session.bind", account_id, {"device": device.label}, now)


def make_wall(engine: Engine, new: tuple[str, Scope, str | None], by: str, now: datetime) -> str:
    """Make the account of a wall screen from name, scope and address, and return the secret of its link, which is shown this once.

    Raises:
        UsageError: the name is taken, or is none, or no grid lies in the scope.
    """
    name, scope, address = new
    created, _ = create_account(engine, NewAccount(name, Role.WALL, scope), by, now)
    secret = new_secret()
    row = {"secret_hash": hash_secret(secret), "account_id": created.actor.account_id, "seen_at": now, "ends_at": FOR_EVER}
    with writing(engine) as connection:
        connection.execute(insert(session), row | {"vouched": True, "address": address or None, "label": name})
        audit_log.record(connection, by, "wall.create", created.actor.account_id, {"scope": scope.path, "address": address}, now)
    return secret


def enrol_wall(engine: Engine, secret: str, device: Device, address: str, now: datetime) -> None:
    """Bind the session of a wall screen to the first browser that opens its link; the same browser may open it again.

    Raises:
        NotFoundError: there is no such link, it was opened elsewhere, or it is too old.
    """
    secret_hash = hash_secret(secret)
    with writing(engine) as connection:
        wanted = select(session, account.c.role).join(account).where(session.c.secret_hash == secret_hash, account.c.disabled_at.is_(None))
        row = connection.execute(wanted).mappings().first()
        if row is None or row["role"] != Role.WALL or row["address"] not in (None, address):
            raise NotFoundError(NO_SUCH_WALL)
        fresh = row["device_hash"] is None and now - row["seen_at"] < ENROLLED_WITHIN
        if not fresh and row["device_hash"] != device.hash:
            raise NotFoundError(NO_SUCH_WALL)
        if fresh:
            connection.execute(update(session).where(session.c.secret_hash == secret_hash).values(device_hash=device.hash, seen_at=now))
            audit_log.record(connection, row["account_id"], "wall.enrol", row["account_id"], {"device": device.label}, now)


def bound_sessions(engine: Engine) -> list[BoundSession]:
    """Return the sessions that are bound to a device, or wait for one, by login name."""
    query = select(session, account.c.name, account.c.role).join(account)
    query = query.where(account.c.disabled_at.is_(None), or_(session.c.device_hash.is_not(None), account.c.role == Role.WALL))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(account.c.name, session.c.seen_at)).mappings().all()
    return [
        BoundSession(
            session_id=row["secret_hash"][:ID_LENGTH],
            account_id=row["account_id"],
            name=row["name"],
            role=Role(row["role"]),
            label=row["label"] or "",
            address=row["address"],
            enrolled=row["device_hash"] is not None,
            seen_at=row["seen_at"],
        )
        for row in rows
    ]


def revoke_session(engine: Engine, session_id: str, by: str, now: datetime) -> None:
    """End a bound session at once.

    Raises:
        NotFoundError: there is none of that id.
        UsageError: the id is too short to name one.
    """
    if len(session_id) != ID_LENGTH:
        raise UsageError(f"a session must be named by {ID_LENGTH} digits, found {len(session_id)}. List the sessions.")
    with writing(engine) as connection:
        ended = delete(session).where(session.c.secret_hash.startswith(session_id, autoescape=True)).returning(session.c.account_id)
        row = connection.execute(ended).first()
        if row is None:
            raise NotFoundError("a bound session must be named, found none of that id. List the sessions.")
        audit_log.record(connection, by, "session.revoke", row.account_id, {"session": session_id}, now)
