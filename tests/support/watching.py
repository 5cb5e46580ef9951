"""Noticing every look into a folder, by Python code and by libraries that open files themselves."""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPENED = 0x20
"""IN_OPEN of inotify(7)."""
HEAD = struct.Struct("iIII")


class Watch:
    """What was opened in a folder so far: `open` and the like as Python's audit hooks tell, and any open as the kernel tells."""

    def __init__(self, folder: Path, queue: int) -> None:
        self.folder, self._queue = folder, queue
        self.by_python: list[str] = []
        self._by_kernel: list[str] = []

    @property
    def by_kernel(self) -> list[str]:
        """Names of files, those of polars and others that do not ask Python included."""
        try:
            told = os.read(self._queue, 1 << 16)
        except BlockingIOError:
            told = b""
        while told:
            *_, length = HEAD.unpack_from(told)
            self._by_kernel.append(told[HEAD.size : HEAD.size + length].rstrip(b"\0").decode())
            told = told[HEAD.size + length :]
        return self._by_kernel

    @property
    def seen(self) -> set[str]:
        """Names of everything that was looked at."""
        return {*self.by_python, *self.by_kernel}


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Watch a folder inside the block; an audit hook cannot be taken away again, only told to stop."""
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    libc.inotify_add_watch(queue, os.fsencode(folder), OPENED)
    watch = Watch(folder, queue)
    watching = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("open", "os.listdir", "os.scandir") and Path(str(arguments[0])).is_relative_to(folder):
            watch.by_python.append(Path(str(arguments[0])).name)

    sys.addaudithook(note)
    try:
        yield watch
    finally:
        watching = False
        os.close(queue)
