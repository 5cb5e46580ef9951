"""Backups: a copy of everything that cannot be made again, with the hash of every file and where both chains stood, signed.

The database is copied as it is at one moment, so a backup may be made while others write. A backup always holds it as a SQLite file, so
each kind of database can be restored from the other's; archived lists come along in their files. The columnar copy of the log, facts and
maps are made anew by whoever reads them.
The key that signs backups stays in the home: whoever can only reach backups cannot make one.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, create_engine

from features.database.copying import copy_database, count_rows
from features.database.engine import open_database
from features.database.known_keys import fingerprint_of, known_pair
from features.errors import UsageError
from features.eventlog.read import log_state
from features.storage.atomic_files import TEMPORARY_SUFFIX, atomic_write, sync_and_hash, sync_folder
from features.storage.home import Home, sqlite_url
from features.storage.keys import BACKUPS, HEADS, public_key, sign
from serving.operations.checkpoints import write_checkpoint

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "manifest.public"
SEALS = frozenset({MANIFEST, SIGNATURE, PUBLIC_KEY})
"""Files that say what the others must be."""
WORTH_KEEPING = ("event", "ranking", "account")
"""Tables of which one at least has rows wherever somebody works."""


@dataclass(frozen=True)
class Backup:
    """Contents of a backup."""

    made_at: str
    code_version: str
    sequence: int
    """Last sequence number of the event log."""
    files: dict[str, str]
    """SHA-256 by path below the folder."""


def back_up(home: Home, engine: Engine, out: Path, now: datetime) -> Backup:
    """Copy database, models, keys, settings, reports and MLflow's store into a new folder, readable by its owner only.

    The folder gets its name when it is whole; a backup that fails leaves nothing.

    Raises:
        UsageError: the folder is there already, or there is nothing to keep.
        StoreError: the database cannot be read.
    """
    if out.exists():
        raise UsageError(f"--out must name a folder that is not there yet, found {out}. Choose another.")
    if not any(count_rows(engine)[name] for name in WORTH_KEEPING):
        raise UsageError(f"{home.root} must have records, lists or accounts to back up, found none. Check --home and database_url.")
    fresh = out.with_name(f".{out.name}{TEMPORARY_SUFFIX}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        made = _fill(home, engine, fresh, now)
        fresh.rename(out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_folder(out.parent)
    return made


def signer(home: Home) -> str:
    """Return the fingerprint of the key that signs backups of this home; whoever restores one compares it."""
    return fingerprint_of(public_key(home, BACKUPS))


def list_files(folder: Path) -> list[str]:
    """Return the paths of all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _fill(home: Home, engine: Engine, folder: Path, now: datetime) -> Backup:
    public = public_key(home, BACKUPS)
    known_pair(home, engine, HEADS)
    copied = Home(folder)
    copy_database(engine, copied.database)
    sequence = _set_head(home, copied, now)
    if home.tracking.exists():
        _copy_tracking(home, copied)
    for kept in (home.published, home.keys, home.archive, home.artifacts, home.reports, home.monitoring, home.quarantine):
        if kept.is_dir():
            shutil.copytree(kept, folder / kept.relative_to(home.root), ignore=shutil.ignore_patterns(f"{BACKUPS}.*"))
    if home.config.exists():
        shutil.copy(home.config, copied.config)
    made = Backup(now.isoformat(), version("yujing"), sequence, {name: sync_and_hash(folder / name) for name in list_files(folder)})
    content = json.dumps(asdict(made), indent=1).encode()
    for name, stored in ((MANIFEST, content), (SIGNATURE, sign(home, BACKUPS, content)), (PUBLIC_KEY, public)):
        atomic_write(folder / name, stored)
    return made


def _copy_tracking(home: Home, copied: Home) -> None:
    """Copy MLflow's database first: files that come while its folder is copied belong to no run in it."""
    engine = create_engine(sqlite_url(home.tracking))
    try:
        copy_database(engine, copied.tracking)
    finally:
        engine.dispose()


def _set_head(home: Home, copied: Home, now: datetime) -> int:
    """Write down where the chains of the copy stand, and return how far its log goes."""
    engine = open_database(copied.database_url)
    try:
        write_checkpoint(home, engine, copied.root, now)
        return log_state(engine).sequence
    finally:
        engine.dispose()
