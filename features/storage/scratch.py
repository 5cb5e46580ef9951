"""Scratch arrays: in memory where they fit, else in a file without a name that is gone with its last user."""

import mmap
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

GIB = 2**30

Array = npt.NDArray[Any]


def scratch(shape: Sequence[int], dtype: npt.DTypeLike, most_bytes: int) -> Array:
    """Return an array without values; one that is larger than `most_bytes` lies in a file of the system's temporary folder.

    Raises:
        OSError: that folder cannot hold it.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if size <= most_bytes:
        return np.empty(tuple(shape), dtype)
    with TemporaryFile(prefix="yujing-scratch-") as file:
        file.truncate(size)
        mapped = mmap.mmap(file.fileno(), size)
    return np.frombuffer(mapped, dtype).reshape(tuple(shape))


def release(array: Array) -> None:
    """Let pages of a scratch array that lies in a file leave this process's memory; its values stay."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)
