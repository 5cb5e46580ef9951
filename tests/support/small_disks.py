"""Disks that fill up: ext4 in a file, mounted by root, which takes room for what is written only; and a limit on files as if it were."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NAME = "ballast"
KEPT_FOR_ITSELF = 1 << 20
"""Bytes that a file system may take to note where a large file lies."""


class SmallDisk:
    """A mounted file system, and the file that fills it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def free(self) -> int:
        """Free bytes."""
        return shutil.disk_usage(self.root).free

    def leave(self, free: int) -> None:
        """Fill it, or empty it, so that about so many bytes are free."""
        self.empty()
        with (self.root / NAME).open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.free - free - KEPT_FOR_ITSELF)
        with (self.root / f"{NAME}.rest").open("wb", buffering=0) as rest, suppress(OSError):
            while self.free > free:
                rest.write(bytes(min(self.free - free, 4096)))

    def empty(self) -> None:
        """Remove what fills it."""
        for path in self.root.glob(f"{NAME}*"):
            path.unlink()


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mount a new file system of so many bytes below a folder."""
    image, root = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    root.mkdir()
    try:
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(root)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system cannot be mounted here: {error}")
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)
        image.unlink()


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
