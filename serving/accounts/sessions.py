"""Credentials that a person or program holds: sessions and tokens, stored as hashes alone.

A session is opened by password or through the identity provider, and ended by its holder, by idleness or with the working day. One bound to
a device lasts longer: phones stay signed in for 30 days, and wall screens until they are revoked. A token is issued to an account for a
program, shown once, and always has an end.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Delete, Engine, RowMapping, Update, and_, delete, insert, or_, select, update

from features.database.access_tables import account, login_attempt, session, token
from features.database.engine import reading, writing
from features.errors import NotFoundError, NotSignedInError, StoreError, UsageError
from serving import audit
from serving.accounts.accounts import NewAccount, actor_of, create_account
from serving.accounts.passwords import NOWHERE, Origin, count_attempt, password_fits
from serving.accounts.permissions import Actor, Binding, Role, Scope

SECRET_BYTES = 32
SECRET_LENGTH = 43

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
"""End of a wall screen's session, which has none."""
ENROLLED_WITHIN = timedelta(days=1)
"""Time in which the link of a wall screen must be opened."""
NO_SUCH_WALL = "the link of a wall screen is opened once, within a day, from its address. Ask an administrator for another."
ID_LENGTH = 12
DEVICES = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "Mac", "Linux": "Linux"}


def new_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return what is stored of a secret; it needs no salt, for nobody guesses 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(secret: str) -> str:
    """Return what a form must send back beside the session's cookie; another site can send the cookie but not know this."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def csrf_fits(secret: str, given: str) -> bool:
    """Tell, in constant time, whether a form brought the right token."""
    return hmac.compare_digest(csrf_token(secret).encode(), given.encode())


IDLE = timedelta(minutes=15)
LASTING = timedelta(days=30)
"""Time for which a phone stays signed in."""
LONGEST = timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=1)
"""Interval at which a session in use is written to."""
SKEW = timedelta(minutes=1)
"""Largest difference of the clocks of several machines; a session from further ahead was opened by a clock that was wrong."""


def open_session(
    engine: Engine, name: str, password: str, now: datetime, origin: Origin = NOWHERE, *, administrators_only: bool = False
) -> tuple[str, Actor]:
    """Return the secret of a new session, which is stored nowhere, and whose it is.

    Raises:
        NotSignedInError: name or password is wrong, or the account is disabled or may not use one; which of them is not told.
        TooManyError: too many logins failed within the hour.
    """
    attempt = count_attempt(engine, name, origin, now)
    with reading(engine) as connection:
        row = connection.execute(select(account).where(account.c.name == name, account.c.disabled_at.is_(None))).mappings().first()
    fits = password_fits(row["password_hash"] if row else None, password)
    if row is None or not fits or (administrators_only and not row["administers"]):
        raise NotSignedInError("a login name and its password must be given, found others. Try again.")
    with writing(engine) as connection:
        connection.execute(delete(login_attempt).where(attempt))
        return start_session(connection, row["account_id"], now), actor_of(row, by_password=True)


def start_session(connection: Connection, account_id: str, now: datetime, *, vouched: bool = False) -> str:
    """Open a session for whoever has proved to be this account, and return its secret; `vouched` by the identity provider."""
    secret = new_secret()
    idle = and_(session.c.label.is_(None), session.c.seen_at <= now - IDLE)  # those of devices have a label, and last
    connection.execute(delete(session).where(or_(session.c.ends_at <= now, idle)))
    opened = {"secret_hash": hash_secret(secret), "account_id": account_id, "seen_at": now, "ends_at": now + LONGEST}
    connection.execute(insert(session), opened | {"vouched": vouched, "proved_at": now})
    connection.execute(update(account).where(account.c.account_id == account_id).values(signed_in_at=now))
    audit.record(connection, account_id, "session.open", account_id, {"vouched": vouched}, now)
    return secret


def actor_of_session(engine: Engine, secret: str, now: datetime) -> Actor | None:
    """Return whose session it is, and what it is bound to; None where there is none, or it has ended."""
    secret_hash = hash_secret(secret)
    columns = (session.c.seen_at, session.c.ends_at, session.c.vouched, session.c.device_hash, session.c.address, session.c.proved_at)
    query = select(account, session.c.scope.label("chosen_scope"), *columns).join(session)
    query = query.where(session.c.secret_hash == secret_hash, account.c.disabled_at.is_(None))
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None or (row["role"] == Role.WALL and row["device_hash"] is None):  # a wall screen that no browser enrolled yet
        return None
    if not _is_alive(row, now):
        _write(engine, delete(session).where(session.c.secret_hash == secret_hash))
        return None
    if now - row["seen_at"] >= SEEN_EVERY:
        _write(engine, update(session).where(session.c.secret_hash == secret_hash).values(seen_at=now))
    actor = actor_of(row, by_password=not row["vouched"])
    return replace(
        actor,
        scope=Scope(row["chosen_scope"]) if row["chosen_scope"] in actor.areas else actor.scope,
        binding=Binding(row["device_hash"], row["address"]) if row["device_hash"] else None,
        proved_lately=row["device_hash"] is None or (row["proved_at"] is not None and now - row["proved_at"] < LONGEST),
    )


def _is_alive(row: RowMapping, now: datetime) -> bool:
    """Tell whether a session has neither ended nor lain idle, nor comes from a clock that was wrong."""
    idle: timedelta = now - row["seen_at"]
    left: timedelta = row["ends_at"] - now
    if row["role"] == Role.WALL:
        return idle >= -SKEW
    longest, most_idle = (LASTING, LASTING) if row["device_hash"] else (LONGEST, IDLE)
    return -SKEW <= idle < most_idle and timedelta() < left <= longest + SKEW


def choose_area(engine: Engine, secret: str, actor: Actor, path: str, now: datetime) -> None:
    """Let a session work in another area of its account.

    Raises:
        NotFoundError: the account has no such area.
    """
    if path not in actor.areas:
        raise NotFoundError("an area to work in must be one of this account, found another. Choose one of them.")
    with writing(engine) as connection:
        connection.execute(update(session).where(session.c.secret_hash == hash_secret(secret)).values(scope=path))
        audit.record(connection, actor.account_id, "session.choose_area", path, {}, now)


def close_session(engine: Engine, secret: str, now: datetime) -> bool:
    """End a session and tell whether the identity provider had vouched for it; one that has ended already stays so."""
    with writing(engine) as connection:
        ended = delete(session).where(session.c.secret_hash == hash_secret(secret)).returning(session.c.account_id, session.c.vouched)
        row = connection.execute(ended).first()
        if row:
            audit.record(connection, row.account_id, "session.close", row.account_id, {}, now)
        return bool(row and row.vouched)


def _write(engine: Engine, statement: Update | Delete) -> None:
    """Note that a session is in use, or over, whatever the clock says next; a store too busy for it keeps nobody waiting."""
    with suppress(StoreError), writing(engine) as connection:
        connection.execute(statement)


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
        audit.record(connection, account_id, "session.bind", account_id, {"device": device.label}, now)


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
        audit.record(connection, by, "wall.create", created.actor.account_id, {"scope": scope.path, "address": address}, now)
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
            audit.record(connection, row["account_id"], "wall.enrol", row["account_id"], {"device": device.label}, now)


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
        audit.record(connection, by, "session.revoke", row.account_id, {"session": session_id}, now)


LONGEST_TOKEN = timedelta(days=90)
USUAL_TOKEN = timedelta(days=30)


@dataclass(frozen=True)
class Token:
    """A token as its holder sees it later: without its secret."""

    token_id: str
    """First digits of the hash of its secret."""
    label: str
    issued_at: datetime
    ends_at: datetime


def issue_token(engine: Engine, account_id: str, label: str, ends_at: datetime, now: datetime, by: str | None = None) -> str:
    """Return the secret of a new token, which is shown this once; `by` is who issues it, its holder by default.

    Raises:
        UsageError: it would not end within 90 days, or has ended already.
        NotFoundError: there is no such account, or it is disabled.
    """
    if not now < ends_at <= now + LONGEST_TOKEN:
        raise UsageError(f"a token must end within {LONGEST_TOKEN.days} days from now, got {ends_at:%Y-%m-%d}. Choose a day in between.")
    secret = new_secret()
    secret_hash = hash_secret(secret)
    row = {"secret_hash": secret_hash, "account_id": account_id, "label": label, "issued_at": now, "ends_at": ends_at}
    with writing(engine) as connection:
        wanted = select(account.c.account_id).where(account.c.account_id == account_id, account.c.disabled_at.is_(None))
        if not connection.execute(wanted).first():
            raise NotFoundError("an account that is enabled must be named, found none of that id. List the accounts.")
        connection.execute(insert(token), row)
        audit.record(connection, by or account_id, "token.issue", _token_id(secret_hash), {"ends_at": ends_at.isoformat()}, now)
    return secret


def actor_of_token(engine: Engine, secret: str, now: datetime) -> Actor | None:
    """Return whose token it is; None where there is none, or it has ended."""
    query = select(account).join(token).where(token.c.secret_hash == hash_secret(secret), token.c.ends_at > now)
    with reading(engine) as connection:
        row = connection.execute(query.where(account.c.disabled_at.is_(None))).mappings().first()
    return actor_of(row, by_password=False) if row else None


def tokens(engine: Engine, account_id: str) -> list[Token]:
    """Return the tokens of an account, those that have ended too, the newest first."""
    query = select(token).where(token.c.account_id == account_id).order_by(token.c.issued_at.desc())
    with reading(engine) as connection:
        return [Token(_token_id(row.secret_hash), row.label, row.issued_at, row.ends_at) for row in connection.execute(query)]


def revoke_token(engine: Engine, account_id: str, token_id: str, by: str, now: datetime) -> None:
    """End a token of an account at once.

    Raises:
        NotFoundError: the account has no such token.
    """
    with writing(engine) as connection:
        mine = (token.c.account_id == account_id, token.c.secret_hash.startswith(token_id, autoescape=True))
        if len(token_id) != ID_LENGTH or not connection.execute(delete(token).where(*mine)).rowcount:
            raise NotFoundError("a token of this account must be named, found none of that id. List the tokens.")
        audit.record(connection, by, "token.revoke", token_id, {}, now)


def _token_id(secret_hash: str) -> str:
    return secret_hash[:ID_LENGTH]
