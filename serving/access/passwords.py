"""Passwords: hashed with argon2id, never the one they were born with."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from features.errors import UsageError

MIN_LENGTH, MAX_LENGTH = 12, 200
ONE_TIME_BYTES = 15

_hasher = PasswordHasher()


def one_time_password() -> str:
    """Return a random password that its holder changes at first login."""
    return secrets.token_urlsafe(ONE_TIME_BYTES)


def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Tell whether a password is the one that was stored; without a stored one it takes as long and is false."""
    try:
        _hasher.verify(stored or _nobodys(), password[: MAX_LENGTH + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def check_password(password: str, name: str) -> None:
    """Return quietly when a password may be chosen.

    Raises:
        UsageError: it is too short, too long, or holds the login name.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or name.casefold() in password.casefold():
        raise UsageError(f"a password must have {MIN_LENGTH} to {MAX_LENGTH} characters and not hold the login name. Choose another one.")


@cache
def _nobodys() -> str:
    return hash_password(one_time_password())
