"""A database is used with the keys it was written with, or not at all."""

import pytest
from sqlalchemy import Engine

from features.database.key_fingerprints import confirm_key, fingerprint_of, recorded_fingerprint
from features.errors import StoreError

KEY, OTHER_KEY = bytes(32), bytes(31) + b"1"


def test_confirm_key_first_use_is_recorded(engine: Engine) -> None:
    confirm_key(engine, "intake", KEY)
    confirm_key(engine, "intake", KEY)

    assert fingerprint_of(KEY) == recorded_fingerprint(engine, "intake")
    assert recorded_fingerprint(engine, "cursor") is None


def test_confirm_key_another_one_is_refused(engine: Engine) -> None:
    confirm_key(engine, "intake", KEY)

    with pytest.raises(StoreError, match="with the key 'intake' it was written with, found another one"):
        confirm_key(engine, "intake", OTHER_KEY)
    assert fingerprint_of(KEY) == recorded_fingerprint(engine, "intake")


def test_fingerprint_does_not_show_the_key() -> None:
    assert KEY.hex()[:8] not in fingerprint_of(KEY)
    assert len(fingerprint_of(KEY)) == 32
