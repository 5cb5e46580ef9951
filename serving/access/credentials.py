"""Secrets that stand for an account: made at random, shown once, stored as their hash only."""

import hashlib
import hmac
import secrets

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
