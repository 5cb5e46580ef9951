"""Limits on failed passwords: per account and address, per address, and apart from both per browser that signed in before.

Whoever shares an address with others can use up what that address may fail, so a browser that its account has used carries a signed cookie
and has a count of its own: nobody without that cookie can keep it out.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, delete, func, insert, or_, select, true

from features.database.access_tables import login_attempt
from features.database.engine import writing
from features.errors import TooManyError
from serving.accounts.permissions import Actor
from serving.audit import audit_log

WINDOW = timedelta(hours=1)
ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_ADDRESS = 10, 100
"""Failed logins within the window: of one account from one address or known browser, and from one address in all."""
ACCOUNTS_PER_BROWSER = 8
NONCE_BYTES, MARK_BYTES = 16, 16


@dataclass(frozen=True)
class Origin:
    """Origin of a password attempt."""

    address: str
    browser: str = ""
    """Nonce of a browser in which this account has signed in before; empty for any other."""


NOWHERE, PASSWORD_PAGE = Origin(""), Origin("/password")
"""Of logins in this process, and of whoever is signed in and changes the password."""


class KnownBrowsers:
    """Cookies of browsers that accounts have signed in from: a nonce, and for each account a mark that only this service can make."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def origin(self, address: str, cookie: str, name: str) -> Origin:
        """Return where a login of an account comes from."""
        nonce, *marks = cookie.split(".")
        known = any(hmac.compare_digest(mark.encode(), self._mark(nonce, name).encode()) for mark in marks[:ACCOUNTS_PER_BROWSER])
        return Origin(address, nonce if known else "")

    def remember(self, cookie: str, name: str) -> str:
        """Return the cookie of a browser after an account signed in from it; the accounts used last stay in it."""
        nonce, *marks = cookie.split(".")
        marks = [mark for mark in marks if len(mark) == len(self._mark("", ""))]
        if not marks:
            nonce = secrets.token_urlsafe(NONCE_BYTES)
        mark = self._mark(nonce, name)
        return ".".join([nonce, mark, *(other for other in marks if other != mark)][: ACCOUNTS_PER_BROWSER + 1])

    def _mark(self, nonce: str, name: str) -> str:
        digest = hmac.new(self._key, f"{nonce}\0{name}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:MARK_BYTES]).rstrip(b"=").decode()


def count_attempt(engine: Engine, name: str, origin: Origin, now: datetime) -> ColumnElement[bool]:
    """Count a login as failed until it has succeeded, so that many at once count as many; return what success forgives.

    Raises:
        TooManyError: too many failed within the hour.
    """
    row = {"name": _hash(name), "address": _hash(origin.address), "browser": _hash(origin.browser) if origin.browser else None}
    same = _same_account(row)
    limits = [(same, ATTEMPTS_PER_ACCOUNT)]
    if not origin.browser:
        limits.append((and_(login_attempt.c.address == row["address"], login_attempt.c.browser.is_(None)), ATTEMPTS_PER_ADDRESS))
    with writing(engine) as connection:
        connection.execute(delete(login_attempt).where(or_(login_attempt.c.at <= now - WINDOW, login_attempt.c.at > now + WINDOW)))
        for condition, limit in limits:
            if connection.execute(select(func.count()).where(condition)).scalar_one() >= limit:
                raise TooManyError("fewer logins must fail within an hour, found too many. Try again in an hour, or ask an administrator.")
        connection.execute(insert(login_attempt), row | {"at": now})
    return same


def clear_attempts(engine: Engine, holder: Actor | None, by: str, now: datetime) -> int:
    """Forget the failed logins of an account, or of all, so that it may sign in at once; return how many there were."""
    condition = true() if holder is None else of_account(holder.name)
    with writing(engine) as connection:
        cleared = connection.execute(delete(login_attempt).where(condition)).rowcount
        audit_log.record(connection, by, "account.unlock", holder.account_id if holder else "accounts", {"attempts": cleared}, now)
    return cleared


def of_account(name: str) -> ColumnElement[bool]:
    """Return the condition of all failed logins of an account, wherever they came from."""
    return login_attempt.c.name == _hash(name)


def _same_account(row: dict[str, str | None]) -> ColumnElement[bool]:
    """Return the condition of attempts on the same account from the same known browser, else from the same address."""
    if row["browser"]:
        return and_(login_attempt.c.name == row["name"], login_attempt.c.browser == row["browser"])
    return and_(login_attempt.c.name == row["name"], login_attempt.c.address == row["address"], login_attempt.c.browser.is_(None))


def _hash(part: str) -> str:
    return hashlib.sha256(part.encode()).hexdigest()
