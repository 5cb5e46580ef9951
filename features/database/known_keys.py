"""Keys that a database knows by their fingerprints: a lost or foreign key is refused, never replaced by a new one.

Another key would double or hide what is stored. A key takes another's place by being rotated only, which the database is told.
"""

import hashlib
from collections.abc import Callable

from sqlalchemy import Connection, Engine, insert, select, update

from features.database.engine import reading, writing
from features.database.tables import key_fingerprint
from features.errors import StoreError
from features.storage.home import Home
from features.storage.keys import PUBLIC, SECRET, public_key, secret_key

FINGERPRINT_BYTES = 16


def fingerprint_of(key: bytes) -> str:
    """Return 128 bits of the SHA-256 of a key in hexadecimal; the key cannot be found from it."""
    return hashlib.sha256(b"yujing key fingerprint\0" + key).digest()[:FINGERPRINT_BYTES].hex()


def known_secret(home: Home, engine: Engine, name: str) -> bytes:
    """Return a secret key, made at first use and known to the database from then on.

    Raises:
        StoreError: the database knows the key, and the home has none or another.
    """
    return _known(engine, name, home, SECRET, secret_key)


def known_pair(home: Home, engine: Engine, pair: str) -> None:
    """Let a pair of keys be there to sign with, made at first use and known to the database from then on.

    Raises:
        StoreError: the database knows the pair, and the home has none or another.
    """
    _known(engine, pair, home, PUBLIC, public_key)


def known_fingerprints(engine: Engine) -> dict[str, str]:
    """Return name -> fingerprint of the keys that the database knows, by name."""
    with reading(engine) as connection:
        rows = connection.execute(select(key_fingerprint).order_by(key_fingerprint.c.name)).all()
    return {row.name: row.fingerprint for row in rows}


def home_fingerprints(home: Home) -> dict[str, str]:
    """Return name -> fingerprint of the secret keys and pairs that lie in a home."""
    paths = sorted(home.keys.iterdir()) if home.keys.is_dir() else []
    return {path.stem: fingerprint_of(path.read_bytes()) for path in paths if path.suffix in (SECRET, PUBLIC)}


def lost_keys(home: Home, engine: Engine) -> list[str]:
    """Return the names of the keys that the database knows and of which the home has none or another."""
    known = known_fingerprints(engine)
    found = home_fingerprints(home)  # read second: a key is written to the home before the database knows it
    return [name for name, fingerprint in known.items() if found.get(name) != fingerprint]


def replace_fingerprint(connection: Connection, name: str, key: bytes) -> None:
    """Let a database that knows a key know its successor in its place."""
    known = update(key_fingerprint).where(key_fingerprint.c.name == name)
    connection.execute(known.values(fingerprint=fingerprint_of(key)))


def _known(engine: Engine, name: str, home: Home, suffix: str, read: Callable[[Home, str], bytes]) -> bytes:
    recorded = known_fingerprints(engine).get(name)
    if recorded and not (home.keys / f"{name}{suffix}").exists():
        raise StoreError(f"{home.keys} must hold the key {name!r} that the database knows, found none. Restore keys/ from the backup.")
    key = read(home, name)
    if fingerprint_of(key) != (recorded or _record_first(engine, name, fingerprint_of(key))):
        advice = "Restore it from the backup; nothing was stored."
        raise StoreError(f"the database must be used with the key {name!r} it was written with, found another one. {advice}")
    return key


def _record_first(engine: Engine, name: str, fingerprint: str) -> str:
    """Record a fingerprint unless another process was faster, and return the one that stands."""
    with writing(engine) as connection:
        recorded = connection.execute(select(key_fingerprint.c.fingerprint).where(key_fingerprint.c.name == name)).scalar_one_or_none()
        if recorded is None:
            connection.execute(insert(key_fingerprint).values(name=name, fingerprint=fingerprint))
        return recorded or fingerprint
