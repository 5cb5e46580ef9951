"""Arrays on disk: folders of memory-mapped Arrow files with the hash of each, and scratch arrays that are gone with their last user.

A folder is written beside and renamed, so it is there as a whole or not at all. What was damaged later is told by its hash. Columns come
and go through Polars, since Arrow's own way to numpy imports pandas, which the daily run does without.
"""

import json
import mmap
import shutil
from collections.abc import Mapping, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from features.storage.atomic_files import TEMPORARY_SUFFIX

Array = npt.NDArray[Any]
Tables = Mapping[str, Mapping[str, Array]]
"""Table -> column -> values; the columns of a table are of one length."""

MANIFEST = "manifest.json"

GIB = 2**30


class DamagedError(Exception):
    """A folder does not hold what was written there."""


def write_arrays(folder: Path, tables: Tables, about: Mapping[str, Any]) -> None:
    """Write tables, and `about` as JSON, in the place of what the folder held.

    Raises:
        OSError: it cannot be written; what was there stands.
    """
    fresh = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        for name, columns in tables.items():
            _write_table(fresh / f"{name}.arrow", columns)
        content = {"about": about, "sha256": {name: _hash(fresh / f"{name}.arrow") for name in tables}}
        text = json.dumps(content, ensure_ascii=False)
        (fresh / MANIFEST).write_text(json.dumps({"content": content, "sha256": sha256(text.encode()).hexdigest()}, ensure_ascii=False))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def read_about(folder: Path) -> dict[str, Any] | None:
    """Return what was written about the tables; None where there is no folder.

    Raises:
        DamagedError: it is not what was written.
    """
    about: dict[str, Any] | None = None if (content := _read_manifest(folder)) is None else content["about"]
    return about


def read_arrays(folder: Path) -> dict[str, dict[str, Array]]:
    """Map the tables into memory, read-only; they stay readable when the folder is replaced.

    Raises:
        DamagedError: a file is not what was written.
    """
    content = _read_manifest(folder)
    if content is None:
        raise DamagedError(f"{folder} is not there")
    return {name: _read_table(folder / f"{name}.arrow", digest) for name, digest in content["sha256"].items()}


def _read_table(path: Path, digest: str) -> dict[str, Array]:
    if not path.is_file() or _hash(path) != digest:
        raise DamagedError(f"{path.name} is not what was written")
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return {name: _values(table.column(name)) for name in table.column_names}


def _write_table(path: Path, columns: Mapping[str, Array]) -> None:
    table = pl.DataFrame(columns).to_arrow()
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _values(column: pa.ChunkedArray) -> Array:
    """Return the values without copying them, but for texts and flags."""
    values = pl.Series(column)
    return values.to_numpy().astype(np.str_) if values.dtype == pl.String else values.to_numpy()


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        content: dict[str, Any] = manifest["content"]
        text = json.dumps(content, ensure_ascii=False)
        intact = sha256(text.encode()).hexdigest() == manifest["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{path.name} cannot be read") from error
    if not intact:
        raise DamagedError(f"{path.name} is not what was written")
    return content


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


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
