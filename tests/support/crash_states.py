"""States that a power cut could leave: from a trace of the calls of a program, with what it had not synced dropped, torn or out of order.

What was synced is there. Of changes of a folder that were not synced, such as new, renamed and removed names, the first ones are there,
in their order; of writes into a file that were not synced any, in any order, torn at sectors. Folders themselves count as there.
"""

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    *("openat", "creat", "lseek", "write", "pwrite64", "ftruncate", "fsync", "fdatasync"),
    *("mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat"),
)
OPTIONS = ("-y", "-xx", "-s", "100000000")
"""Of strace: name the file of each handle, and show every byte that is written."""
SECTOR = 512

_CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
_HANDLE = re.compile(r"^(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class File:
    """A file: what of it is on the disk, and the writes (offset, bytes) and cuts (size, None) since."""

    durable: bytes = b""
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """Bring everything to the disk."""
        self.durable, self.unsynced = _changed(self.durable, self.unsynced), []

    def after_cut(self, rng: random.Random) -> bytes:
        """Return what may be there after a power cut."""
        sectors = [part for change in self.unsynced for part in _sectors(change)]
        kept = rng.sample(sectors, rng.randint(0, len(sectors)))
        return _changed(self.durable, kept if rng.random() < 0.5 else [part for part in sectors if part in kept])


def _sectors(change: tuple[int, bytes | None]) -> Iterator[tuple[int, bytes | None]]:
    offset, content = change
    if content is None:
        yield change
        return
    for start in range(0, len(content), SECTOR):
        yield offset + start, content[start : start + SECTOR]


def _changed(content: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    room = bytearray(content)
    for offset, written in changes:
        if len(room) < offset:
            room.extend(bytes(offset - len(room)))
        if written is None:
            del room[offset:]
        else:
            room[offset : offset + len(written)] = written
    return bytes(room)


class Disk:
    """The files below a folder, as a program that was traced changed them."""

    def __init__(self, root: Path) -> None:
        """Begin with what is there, all of it durable."""
        self.root = root
        self.names = {str(path): File(path.read_bytes()) for path in root.rglob("*") if path.is_file()}
        self.made: list[str] = []
        """Folders that the program made, in order."""
        self._durable = dict(self.names)
        self._unsynced: list[tuple[str, str, File | None]] = []
        """Names that were given (name, file) or taken away (name, None), by folder, since that was synced."""
        self._positions: dict[str, int] = {}

    def follow(self, trace: str) -> Iterator[str]:
        """Do what a trace says, and yield the name of each call once it is done."""
        for line in trace.splitlines():
            if (call := _CALL.match(line)) and int(call[3]) >= 0:
                self._do(call[1], call[2], int(call[3]), line)
                yield call[1]

    def unsynced(self) -> list[str]:
        """Return the names of files and folders that a power cut may change."""
        return sorted({name for name, file in self.names.items() if file.unsynced} | {folder for folder, _, _ in self._unsynced})

    def after_cut(self, rng: random.Random | None) -> dict[str, bytes]:
        """Return the files after a power cut: some state, or the one without anything that was not synced."""
        names = dict(self._durable)
        for _, name, file in self._unsynced[: rng.randint(0, len(self._unsynced)) if rng else 0]:
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        return {name: file.after_cut(rng) if rng else file.durable for name, file in names.items()}

    def put_after_cut(self, rng: random.Random | None) -> None:
        """Let the folder hold these files and nothing else."""
        files = self.after_cut(rng)
        shutil.rmtree(self.root)
        for name, content in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(content)

    def _do(self, call: str, arguments: str, result: int, line: str) -> None:
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        handle = _HANDLE.match(arguments)
        match call:
            case "openat" | "creat":
                self._open(texts[0].decode(), line, str(result), cut="O_TRUNC" in line or call == "creat")
            case "mkdir" | "mkdirat":
                self.made.append(texts[0].decode())
            case "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat":
                self._rename(*(text.decode() for text in texts))
            case _ if handle:
                path = bytes.fromhex(handle[2].replace("\\x", "")).decode(errors="replace")
                self._change(call, (handle[1], path), arguments, texts, result)

    def _open(self, path: str, line: str, handle: str, *, cut: bool) -> None:
        self._positions[handle] = 0
        if not path.startswith(str(self.root)):
            return
        if path not in self.names and "O_CREAT" in line:
            self._name(path, File())
        if cut and path in self.names:
            self.names[path].unsynced.append((0, None))

    def _rename(self, path: str, to: str | None = None) -> None:
        if path in self.names:
            file = self.names[path]
            if to:
                self._name(to, file)
            self._name(path, None)

    def _name(self, path: str, file: File | None) -> None:
        self._unsynced.append((str(Path(path).parent), path, file))
        if file is None:
            del self.names[path]
        else:
            self.names[path] = file

    def _change(self, call: str, handle: tuple[str, str], arguments: str, texts: list[bytes], result: int) -> None:
        number, path = handle
        file = self.names.get(path)
        if call in ("fsync", "fdatasync"):
            if file:
                file.sync()
            self._sync_folder(path)
        elif call == "lseek":
            self._positions[number] = result
        elif file and call == "ftruncate":
            file.unsynced.append((int(arguments.rpartition(",")[2]), None))
        elif file and call == "pwrite64":
            file.unsynced.append((int(arguments.rpartition(",")[2]), texts[0][:result]))
        elif file and call == "write":
            at = self._positions.get(number, 0)
            file.unsynced.append((at, texts[0][:result]))
            self._positions[number] = at + result

    def _sync_folder(self, path: str) -> None:
        for folder, name, file in self._unsynced:
            if folder == path and file is None:
                self._durable.pop(name, None)
            elif folder == path and file:
                self._durable[name] = file
        self._unsynced = [change for change in self._unsynced if change[0] != path]
