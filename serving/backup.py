"""Backups: a copy of everything that cannot be made again, with the hash of every file and where both chains stood.

The database is copied by SQLite itself, so a backup may be made while others write. The columnar copy of the log is made anew by whoever
reads it first; MLflow's store is the trainer's, and serving does without it.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine

from features.database.copying import copy_database, ensure_copyable
from features.database.engine import open_database
from features.durable import TEMPORARY_SUFFIX, sync_folder, write_durably
from features.errors import StoreError, UsageError
from features.eventlog.read import log_state
from features.home import Home
from serving import audit, ledger
from serving.heads import FILE as HEADS
from serving.heads import audit_heads, ledger_heads, read_heads, write_head

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    made_at: str
    code_version: str
    sequence: int
    """Last sequence number of the event log."""
    files: dict[str, str]
    """SHA-256 by path below the folder."""


def back_up(home: Home, engine: Engine, out: Path, now: datetime) -> Backup:
    """Copy database, published models, keys and settings into a new folder, readable by its owner only.

    Raises:
        UsageError: the folder is there already, or the database is no SQLite file.
        StoreError: the database cannot be read.
    """
    ensure_copyable(engine)
    try:
        out.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise UsageError(f"--out must name a folder that is not there yet, found {out}. Choose another.") from error
    copied = Home(out)
    copy_database(engine, copied.database)
    sequence = _set_head(home, copied, now)
    for folder in (home.published, home.keys):
        if folder.is_dir():
            shutil.copytree(folder, out / folder.relative_to(home.root))
    if home.config.exists():
        shutil.copy(home.config, copied.config)
    made = Backup(now.isoformat(), version("yujing"), sequence, {name: _sync_and_hash(out / name) for name in _files(out)})
    write_durably(out / MANIFEST, json.dumps(asdict(made), indent=1).encode())
    return made


def restore(folder: Path, home: Home) -> Backup:
    """Make a home out of a backup, after every file was checked, and verify both chains in it.

    Raises:
        UsageError: the home has a database already.
        StoreError: the backup is not whole, or a chain in it is not.
    """
    if home.database.exists():
        raise UsageError(f"--home must name a home without a database, found {home.database}. Restore beside it, then change the name.")
    backup = _check(folder)
    database = home.database.name
    for name in [*(backup.files.keys() - {HEADS, database}), database]:  # the database last: a home that has one is whole
        _copy(folder / name, home.folder((home.root / name).parent) / Path(name).name)
    engine = open_database(home.database_url)
    try:
        heads = read_heads(home, folder)
        ledger.verify(engine, ledger_heads(heads))
        audit.verify(engine, audit_heads(heads))
    finally:
        engine.dispose()
    return backup


def _set_head(home: Home, copied: Home, now: datetime) -> int:
    """Write down where the chains of the copy stand, and return how far its log goes."""
    engine = open_database(copied.database_url)
    try:
        write_head(home, engine, copied.root, now)
        return log_state(engine).sequence
    finally:
        engine.dispose()


def _check(folder: Path) -> Backup:
    try:
        backup = Backup(**json.loads((folder / MANIFEST).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{folder} must hold a backup, and its {MANIFEST} cannot be read. Choose another backup.") from error
    found = {name: _sync_and_hash(folder / name) for name in _files(folder) if name != MANIFEST}
    if wrong := sorted(name for name in found.keys() | backup.files if found.get(name) != backup.files.get(name)):
        raise StoreError(f"{folder} must be as it was made; changed, missing or added: {', '.join(wrong[:3])}. Choose another backup.")
    return backup


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _sync_and_hash(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    """Copy a file with its rights; under its name it is whole."""
    temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
    shutil.copyfile(source, temporary)
    shutil.copymode(source, temporary)
    _sync_and_hash(temporary)
    temporary.rename(target)
    sync_folder(target.parent)
