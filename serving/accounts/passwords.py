"""Passwords: which may be chosen, what is stored of them, and limits on failed ones.

Failures count per account and address, per address, and apart from both per browser that signed in before. Whoever shares an address with
others can use up what that address may fail, so a browser that its account has used carries a signed cookie and has a count of its own:
nobody without that cookie can keep it out.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ColumnElement, Engine, and_, delete, func, insert, or_, select, true
from zxcvbn import zxcvbn

from features.database.access_tables import login_attempt
from features.database.engine import writing
from features.errors import BusyError, TooManyError, UsageError
from serving import audit
from serving.accounts.permissions import Actor

MIN_LENGTH, MAX_LENGTH = 12, 200
JUDGED_LENGTH = 72
"""Characters that are judged, as many as zxcvbn takes."""
LEAST_SCORE = 2
"""Of 4: more than a million guesses."""
ONE_TIME_LETTERS, ONE_TIME_LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 20
"""Letters that are not mistaken for each other on paper; 99 random bits."""

MAX_HASHES = 3
"""Passwords hashed at a time, for each takes 64 MiB."""
HASH_WAIT_SECONDS = 10.0

_hasher = PasswordHasher()
_quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""For one-time passwords: nobody guesses 99 random bits, however quickly one guess is checked, and imports make many at once."""
_hashes = BoundedSemaphore(MAX_HASHES)

WINDOW = timedelta(hours=1)
ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_ADDRESS = 10, 100
"""Failed logins within the window: of one account from one address or known browser, and from one address in all."""
ACCOUNTS_PER_BROWSER = 8
NONCE_BYTES, MARK_BYTES = 16, 16


def one_time_password() -> str:
    """Return a random password that its holder changes at first login."""
    return "".join(secrets.choice(ONE_TIME_LETTERS) for _ in range(ONE_TIME_LENGTH))


def hash_password(password: str) -> str:
    """Return what is stored of a password.

    Raises:
        BusyError: too many passwords are hashed.
    """
    with _hashing():
        return _hasher.hash(password)


def hash_one_time(password: str) -> str:
    """Return what is stored of a one-time password."""
    return _quick.hash(password)


@contextmanager
def _hashing() -> Iterator[None]:
    """Wait until fewer passwords are hashed than may be at a time."""
    if not _hashes.acquire(timeout=HASH_WAIT_SECONDS):
        raise BusyError(f"at most {MAX_HASHES} passwords are checked at a time, found more for {HASH_WAIT_SECONDS:.0f} s. Try again.")
    try:
        yield
    finally:
        _hashes.release()


def password_fits(stored: str | None, password: str) -> bool:
    """Tell whether a password is the one that was stored; without a stored one, or with a one-time one, it takes as long.

    Raises:
        BusyError: too many passwords are hashed.
    """
    given = password[: MAX_LENGTH + 1]
    if stored is None or _hasher.check_needs_rehash(stored):
        _verify(_nobodys(), given)
    return stored is not None and _verify(stored, given)


def _verify(stored: str, password: str) -> bool:
    try:
        with _hashing():
            return _hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def check_password(password: str, name: str) -> None:
    """Return quietly when a password may be chosen.

    Raises:
        UsageError: it is too short, too long, holds the login name, or is guessed easily.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or name.casefold() in password.casefold():
        raise UsageError(f"a password must have {MIN_LENGTH} to {MAX_LENGTH} characters and not hold the login name. Choose another one.")
    if zxcvbn(password[:JUDGED_LENGTH], user_inputs=[name])["score"] < LEAST_SCORE:
        raise UsageError(
            "a password must be hard to guess, and common words, rows of keys and repeats are not. Put several unusual words together."
        )


@cache
def _nobodys() -> str:
    return hash_password(one_time_password())


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
        audit.record(connection, by, "account.unlock", holder.account_id if holder else "accounts", {"attempts": cleared}, now)
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
