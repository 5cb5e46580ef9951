"""Sessions: opened by password or through the identity provider, ended by their holder, by idleness or with the working day.

A session bound to a device lasts longer: see `devices`.
"""

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Delete, Engine, RowMapping, Update, and_, delete, insert, or_, select, update

from features.database.access_tables import account, login_attempt, session
from features.database.engine import reading, writing
from features.errors import NotFoundError, NotSignedInError, StoreError
from serving.accounts.accounts import actor_of
from serving.accounts.passwords import NOWHERE, Origin, count_attempt, password_fits
from serving.accounts.permissions import Actor, Binding, Role, Scope
from serving.audit import audit_log

SECRET_BYTES = 32
SECRET_LENGTH = 43


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
    audit_log.record(connection, account_id, "session.open", account_id, {"vouched": vouched}, now)
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
        audit_log.record(connection, actor.account_id, "session.choose_area", path, {}, now)


def close_session(engine: Engine, secret: str, now: datetime) -> bool:
    """End a session and tell whether the identity provider had vouched for it; one that has ended already stays so."""
    with writing(engine) as connection:
        ended = delete(session).where(session.c.secret_hash == hash_secret(secret)).returning(session.c.account_id, session.c.vouched)
        row = connection.execute(ended).first()
        if row:
            audit_log.record(connection, row.account_id, "session.close", row.account_id, {}, now)
        return bool(row and row.vouched)


def _write(engine: Engine, statement: Update | Delete) -> None:
    """Note that a session is in use, or over, whatever the clock says next; a store too busy for it keeps nobody waiting."""
    with suppress(StoreError), writing(engine) as connection:
        connection.execute(statement)
