"""Keys of a home that its database knows by their fingerprints: a lost or foreign key is refused, never replaced by a new one."""

from collections.abc import Callable

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.key_fingerprints import confirm_key, fingerprint_of, recorded_fingerprint
from features.database.tables import key_fingerprint
from features.errors import StoreError
from features.storage.home import Home
from features.storage.keys import public_key, secret_key

SECRET, PUBLIC = ".key", ".public"


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


def home_fingerprints(home: Home) -> dict[str, str]:
    """Return name -> fingerprint of the secret keys and pairs that lie in a home."""
    paths = sorted(home.keys.iterdir()) if home.keys.is_dir() else []
    return {path.stem: fingerprint_of(path.read_bytes()) for path in paths if path.suffix in (SECRET, PUBLIC)}


def lost_keys(home: Home, engine: Engine) -> list[str]:
    """Return the names of the keys that the database knows and of which the home has none or another."""
    found = home_fingerprints(home)
    with reading(engine) as connection:
        known = connection.execute(select(key_fingerprint).order_by(key_fingerprint.c.name)).all()
    return [row.name for row in known if found.get(row.name) != row.fingerprint]


def _known(engine: Engine, name: str, home: Home, suffix: str, read: Callable[[Home, str], bytes]) -> bytes:
    if recorded_fingerprint(engine, name) and not (home.keys / f"{name}{suffix}").exists():
        raise StoreError(f"{home.keys} must hold the key {name!r} that the database knows, found none. Restore keys/ from the backup.")
    key = read(home, name)
    confirm_key(engine, name, key)
    return key
