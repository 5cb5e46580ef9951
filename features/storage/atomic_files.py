"""Files that survive a power cut (written beside, synced, renamed, and their folder synced), and the lock of a folder."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_SUFFIX = ".new"

LOCK = "lock"
"""Name of the file that is locked; it holds nothing and stays."""


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it is there as a whole or not at all."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)


def sync_and_hash(path: Path) -> str:
    """Make a file durable and return its SHA-256."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_read_only(path: Path) -> bool:
    """Tell whether a file or folder lies, or would lie, on a disk that is mounted for reading only."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return bool(os.statvfs(existing).f_flag & os.ST_RDONLY)


def sync_folder(folder: Path) -> None:
    """Make new, renamed and removed names of a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder where there is none, and hold its lock until the end; another process waits.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
