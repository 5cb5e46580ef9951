"""The deployment's own keys: whoever holds the private half signs, readers need the public half only."""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from features.errors import StoreError
from features.storage.atomic_files import TEMPORARY_SUFFIX, sync_folder
from features.storage.home import Home

KEY_BYTES = 32
SECRET, PUBLIC, PRIVATE = ".key", ".public", ".private"
"""Suffixes of key files: one secret, or the two halves of a pair."""
RETIRED = ".retired"
"""Suffix of the file of a public key that signs no more."""
MODELS, HEADS, BACKUPS = "publish", "heads", "backup"
"""Names of the pairs: one signs models, one where the chains stand, one what a backup holds."""


def sign(home: Home, pair: str, content: bytes) -> bytes:
    """Sign bytes with a private key of this home; the pair is made at first use.

    Raises:
        StoreError: others than its owner may read the private key, or only the public half is here.
    """
    return _private_key(home, pair).sign(content)


def public_key(home: Home, pair: str) -> bytes:
    """Return the public half of a pair; the pair is made at first use.

    Raises:
        StoreError: others than its owner may read the private key, or only the public half is here.
    """
    return _private_key(home, pair).public_key().public_bytes_raw()


def _private_key(home: Home, pair: str) -> Ed25519PrivateKey:
    private, public = _paths(home, pair)
    if not private.exists():
        if public.exists():
            raise StoreError(f"{private} must be here to sign, found only the public half. Do this where the private key is.")
        home.folder(home.keys)
        _write_new(private, Ed25519PrivateKey.generate().private_bytes_raw(), mode=0o600)
    if private.stat().st_mode & 0o077:
        raise StoreError(f"{private} must be readable by its owner only. Run chmod 600 on it.")
    key = Ed25519PrivateKey.from_private_bytes(_read_key(private))
    if not public.exists():
        _write_new(public, key.public_key().public_bytes_raw(), mode=0o644)
    return key


def replace_pair(home: Home, pair: str) -> bytes:
    """Make a new pair in the place of an old one, whose public half stays beside it as retired; return the new public half."""
    private, public = _paths(home, pair)
    number = 1 + len(list(home.keys.glob(f"{pair}-*{RETIRED}")))
    _write_new(home.keys / f"{pair}-{number}{RETIRED}", _read_key(public), mode=0o600)
    key = Ed25519PrivateKey.generate()
    for path, content, mode in (
        (private, key.private_bytes_raw(), 0o600),
        (public, key.public_key().public_bytes_raw(), 0o644),
    ):
        _replace(path, content, mode)
    return key.public_key().public_bytes_raw()


def replace_secret(home: Home, name: str) -> bytes:
    """Make a new secret key in the place of an old one, and return it."""
    key = secrets.token_bytes(KEY_BYTES)
    _replace(home.keys / f"{name}{SECRET}", key, 0o600)
    return key


def key_files(home: Home, name: str) -> dict[Path, bytes]:
    """Return the files of a secret key or a pair that are there, with what they hold."""
    paths = [home.keys / f"{name}{end}" for end in (SECRET, PRIVATE, PUBLIC)]
    return {path: path.read_bytes() for path in paths if path.exists()}


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_name(path.name + TEMPORARY_SUFFIX)
    fresh.unlink(missing_ok=True)
    _write_new(fresh, content, mode)
    fresh.rename(path)
    sync_folder(path.parent)


def check_signature(home: Home, pair: str, content: bytes, signature: bytes, what: str) -> None:
    """Return quietly when `content` was signed with that key of this home; `what` names it in the error.

    Of checkpoints, which stand in a place that may not be rewritten, the signatures of retired keys hold too.

    Raises:
        StoreError: the public key is missing, or the signature is of another key or of other bytes.
    """
    _, public = _paths(home, pair)
    if not public.exists():
        raise StoreError(f"{public} must hold the public key of whoever signs, found nothing. Copy it here.")
    retired = sorted(home.keys.glob(f"{HEADS}-*{RETIRED}")) if pair == HEADS else []
    if not any(is_signed(_read_key(path), content, signature) for path in (public, *retired)):
        raise StoreError(f"{what} must be signed with the key of this deployment, and is not. Make it again where the key is.")


def is_signed(public: bytes, content: bytes, signature: bytes) -> bool:
    """Tell whether `content` was signed with the private half of a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _paths(home: Home, pair: str) -> tuple[Path, Path]:
    return home.keys / f"{pair}{PRIVATE}", home.keys / f"{pair}{PUBLIC}"


def _read_key(path: Path) -> bytes:
    content = path.read_bytes()
    if len(content) != KEY_BYTES:
        raise StoreError(f"{path} must hold the {KEY_BYTES} bytes of an Ed25519 key, found {len(content)}. Restore it from the backup.")
    return content


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def has_secret_key(home: Home, name: str) -> bool:
    """Tell whether the key of a name has been made."""
    return (home.keys / f"{name}{SECRET}").exists()


def secret_key(home: Home, name: str) -> bytes:
    """Return the key of a name; it is made at first use.

    Raises:
        StoreError: the key file is not whole, or others than its owner may read it.
    """
    path = home.folder(home.keys) / f"{name}{SECRET}"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
    else:
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    if len(key) != KEY_BYTES:
        raise StoreError(f"{path} must hold {KEY_BYTES} bytes, found {len(key)}. Restore it from the backup.")
    if path.stat().st_mode & 0o077:
        raise StoreError(f"{path} must be readable by its owner only. Run chmod 600 on it.")
    return key
