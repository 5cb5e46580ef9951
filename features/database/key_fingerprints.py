"""Fingerprints of the secret keys that a database was written with: another key would double or hide what is stored."""

import hashlib

from sqlalchemy import Connection, Engine, insert, select

from features.database.engine import reading, writing
from features.database.tables import key_fingerprint
from features.errors import StoreError

FINGERPRINT_BYTES = 16


def fingerprint_of(key: bytes) -> str:
    """Return 128 bits of the SHA-256 of a key in hexadecimal; the key cannot be found from it."""
    return hashlib.sha256(b"yujing key fingerprint\0" + key).digest()[:FINGERPRINT_BYTES].hex()


def recorded_fingerprint(engine: Engine, name: str) -> str | None:
    """Return the fingerprint of the key of that name which this database was written with; None before its first use."""
    with reading(engine) as connection:
        return _recorded(connection, name)


def confirm_key(engine: Engine, name: str, key: bytes) -> None:
    """Record the fingerprint of a key at its first use; later on, let no other key be used in its place.

    Raises:
        StoreError: the database was written with another key of that name.
    """
    recorded = recorded_fingerprint(engine, name) or _record_first(engine, name, fingerprint_of(key))
    if recorded != fingerprint_of(key):
        advice = "Restore it from the backup; nothing was stored."
        raise StoreError(f"the database must be used with the key {name!r} it was written with, found another one. {advice}")


def _record_first(engine: Engine, name: str, fingerprint: str) -> str:
    """Record a fingerprint unless another process was faster, and return the one that stands."""
    with writing(engine) as connection:
        recorded = _recorded(connection, name)
        if recorded is None:
            connection.execute(insert(key_fingerprint).values(name=name, fingerprint=fingerprint))
        return recorded or fingerprint


def _recorded(connection: Connection, name: str) -> str | None:
    return connection.execute(select(key_fingerprint.c.fingerprint).where(key_fingerprint.c.name == name)).scalar_one_or_none()
