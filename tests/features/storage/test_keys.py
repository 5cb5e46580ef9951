"""The deployment's own keys: made once, its owner's alone, and never silently replaced."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import StoreError
from features.storage.home import Home
from features.storage.keys import (
    HEADS,
    MODELS,
    check_signature,
    has_secret_key,
    is_signed,
    key_files,
    public_key,
    replace_pair,
    replace_secret,
    secret_key,
    sign,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_sign_is_checked_with_the_public_half_alone(home: Home) -> None:
    signature = sign(home, MODELS, b"model")
    (home.keys / f"{MODELS}.private").unlink()

    check_signature(home, MODELS, b"model", signature, "the model")


@pytest.mark.parametrize("content", [b"Model", b"", b"model\n"])
def test_check_signature_of_other_bytes_is_refused_by_its_name(content: bytes, home: Home) -> None:
    signature = sign(home, MODELS, b"model")
    with pytest.raises(StoreError, match=r"the model must be signed with the key of this deployment, and is not\. Make it again"):
        check_signature(home, MODELS, content, signature, "the model")


def test_check_signature_of_another_home_is_refused(home: Home, tmp_path: Path) -> None:
    public_key(home, MODELS)
    with pytest.raises(StoreError, match="must be signed with the key of this deployment"):
        check_signature(home, MODELS, b"model", sign(Home(tmp_path / "other"), MODELS, b"model"), "the model")


def test_check_signature_without_a_public_key_says_where_it_belongs(home: Home) -> None:
    with pytest.raises(StoreError, match=r"publish\.public must hold the public key of whoever signs, found nothing\. Copy it here"):
        check_signature(home, MODELS, b"model", b"", "the model")


@pytest.mark.parametrize(("public", "signature"), [(b"", b""), (b"\0" * 31, b"\0" * 64), (b"\0" * 32, b"short")])
def test_is_signed_what_is_no_key_or_signature_is_false(public: bytes, signature: bytes) -> None:
    assert not is_signed(public, b"model", signature)


def test_sign_where_only_the_public_half_is_does_not_make_a_new_pair(home: Home) -> None:
    before = public_key(home, MODELS)
    (home.keys / f"{MODELS}.private").unlink()
    with pytest.raises(StoreError, match="found only the public half"):
        sign(home, MODELS, b"model")

    assert before == (home.keys / f"{MODELS}.public").read_bytes()


def test_public_key_half_that_is_gone_is_made_of_the_private_one(home: Home) -> None:
    before = public_key(home, MODELS)
    (home.keys / f"{MODELS}.public").unlink()

    assert before == public_key(home, MODELS)


def test_keys_are_readable_by_their_owner_only(home: Home) -> None:
    sign(home, MODELS, b"")
    secret_key(home, "intake")

    assert {"publish.private": 0o600, "publish.public": 0o644, "intake.key": 0o600} == {
        path.name: mode(path) for path in home.keys.iterdir()
    }


@pytest.mark.parametrize(
    ("name", "use"), [(f"{MODELS}.private", lambda home: sign(home, MODELS, b"")), ("intake.key", lambda home: secret_key(home, "intake"))]
)
def test_keys_that_others_may_read_are_refused(name: str, use: Callable[[Home], bytes], home: Home) -> None:
    use(home)
    (home.keys / name).chmod(0o640)
    with pytest.raises(StoreError, match=rf"{name} must be readable by its owner only\. Run chmod 600 on it"):
        use(home)


@pytest.mark.parametrize(
    ("name", "use"), [(f"{MODELS}.private", lambda home: sign(home, MODELS, b"")), ("intake.key", lambda home: secret_key(home, "intake"))]
)
def test_keys_that_are_cut_short_are_refused_not_replaced(name: str, use: Callable[[Home], bytes], home: Home) -> None:
    use(home)
    (home.keys / name).write_bytes(b"x" * 31)
    with pytest.raises(StoreError, match=r"must hold (the )?32 bytes.*found 31\. Restore it from the backup"):
        use(home)

    assert b"x" * 31 == (home.keys / name).read_bytes()


def test_secret_key_is_made_once_and_each_name_has_its_own(home: Home) -> None:
    assert not has_secret_key(home, "intake")
    key = secret_key(home, "intake")

    assert has_secret_key(home, "intake")
    assert key == secret_key(home, "intake")
    assert key != secret_key(home, "sessions")


def test_replace_secret_is_another_one_from_then_on(home: Home) -> None:
    before = secret_key(home, "sessions")
    fresh = replace_secret(home, "sessions")

    assert fresh == secret_key(home, "sessions")
    assert before != fresh
    assert ["sessions.key"] == [path.name for path in home.keys.iterdir()]


def test_replace_pair_old_signatures_of_checkpoints_hold_and_of_models_do_not(home: Home) -> None:
    signed = {pair: sign(home, pair, b"old") for pair in (HEADS, MODELS)}
    for pair in signed:
        assert replace_pair(home, pair) == public_key(home, pair)

    check_signature(home, HEADS, b"old", signed[HEADS], "a checkpoint")
    with pytest.raises(StoreError, match="the model must be signed"):
        check_signature(home, MODELS, b"old", signed[MODELS], "the model")


def test_replace_pair_twice_keeps_both_retired_keys(home: Home) -> None:
    first = sign(home, HEADS, b"old")
    for _ in range(2):
        replace_pair(home, HEADS)

    check_signature(home, HEADS, b"old", first, "a checkpoint")
    assert 2 == len(list(home.keys.glob("*.retired")))


def test_replace_pair_signs_with_the_new_half(home: Home) -> None:
    sign(home, MODELS, b"")
    fresh = replace_pair(home, MODELS)

    assert is_signed(fresh, b"model", sign(home, MODELS, b"model"))


def test_key_files_are_those_that_are_there(home: Home) -> None:
    sign(home, MODELS, b"")
    secret = secret_key(home, "intake")

    assert {"publish.private", "publish.public"} == {path.name for path in key_files(home, MODELS)}
    assert {home.keys / "intake.key": secret} == key_files(home, "intake")
    assert {} == key_files(home, "nothing")
