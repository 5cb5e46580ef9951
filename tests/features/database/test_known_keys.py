"""A key that the database knows is never replaced without a word."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from features.database.known_keys import fingerprint_of, home_fingerprints, known_pair, known_secret, lost_keys
from features.errors import StoreError
from features.storage.home import Home
from features.storage.keys import MODELS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_known_secret_first_use_is_known_and_stays(engine: Engine, home: Home) -> None:
    key = known_secret(home, engine, "receiver-desk")

    assert {"receiver-desk": fingerprint_of(key)} == home_fingerprints(home)
    assert known_secret(home, engine, "receiver-desk") == key
    assert lost_keys(home, engine) == []


@pytest.mark.parametrize("content", [None, bytes(32)])
def test_known_secret_missing_or_other_is_refused_and_none_is_made(engine: Engine, home: Home, content: bytes | None) -> None:
    known_secret(home, engine, "receiver-desk")
    path = home.keys / "receiver-desk.key"
    path.unlink()
    if content:
        path.touch(mode=0o600)
        path.write_bytes(content)

    with pytest.raises(StoreError, match=r"key 'receiver-desk' .* found"):
        known_secret(home, engine, "receiver-desk")
    assert (path.read_bytes() if path.exists() else None) == content
    assert lost_keys(home, engine) == ["receiver-desk"]


def test_lost_keys_names_none_that_is_made_meanwhile(engine: Engine, home: Home) -> None:
    """Another process makes its first key just before this one looks at the database."""
    made: list[bool] = []

    def make(_connection, _cursor, statement: str, *_: object) -> None:
        if "key_fingerprint" in statement and not made:
            made.append(True)
            known_secret(home, engine, "receiver-desk")

    event.listen(engine, "before_cursor_execute", make)

    assert lost_keys(home, engine) == []
    assert home_fingerprints(home)


def test_known_pair_of_another_home_is_refused(engine: Engine, home: Home, tmp_path: Path) -> None:
    known_pair(home, engine, MODELS)
    other = Home(tmp_path / "other")

    with pytest.raises(StoreError, match="'publish' that the database knows, found none"):
        known_pair(other, engine, MODELS)
    assert not other.keys.exists()


def test_fingerprint_does_not_show_the_key() -> None:
    assert bytes(32).hex()[:8] not in fingerprint_of(bytes(32))
    assert len(fingerprint_of(bytes(32))) == 32
