"""Passwords: which may be chosen, and what is stored of them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from zxcvbn import zxcvbn

from features.errors import BusyError, UsageError

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
