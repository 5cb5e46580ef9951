"""Secret keys of a home: 32 random bytes each, made at first use, readable by their owner only."""

import os
import secrets

from features.durable import sync_folder
from features.errors import StoreError
from features.home import Home

KEY_BYTES = 32


def has_secret_key(home: Home, name: str) -> bool:
    """Tell whether the key of a name has been made."""
    return (home.keys / f"{name}.key").exists()


def secret_key(home: Home, name: str) -> bytes:
    """Return the key of a name; it is made at first use.

    Raises:
        StoreError: the key file is not whole, or others than its owner may read it.
    """
    path = home.folder(home.keys) / f"{name}.key"
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
