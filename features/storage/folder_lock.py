"""Lock of a folder: one process at a time reads or renews what it keeps."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "lock"
"""Name of the file that is locked; it holds nothing and stays."""


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
