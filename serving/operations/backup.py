"""Backups: a copy of everything that cannot be made again, with the hash of every file and where both chains stood, signed.

The database is copied as it is at one moment, so a backup may be made while others write. A backup always holds it as a SQLite file, so
each kind of database can be restored from the other's; archived lists come along in their files. The columnar copy of the log, facts and
maps are made anew by whoever reads them.
The key that signs backups stays in the home: whoever can only reach backups cannot make one.

Restoring a backup: everything is checked in a folder apart before anything takes its place.

Moving to another database: every row in one transaction, and both chains verified where they arrive.
"""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, create_engine

from features.database.copying import copy_database, copy_rows, count_rows
from features.database.engine import open_database
from features.database.known_keys import fingerprint_of, known_pair, lost_keys
from features.database.triggers import missing_guards
from features.errors import StoreError, UsageError
from features.eventlog.read import log_state
from features.storage.atomic_files import TEMPORARY_SUFFIX, atomic_write, sync_and_hash, sync_folder
from features.storage.home import Home, sqlite_url
from features.storage.keys import BACKUPS, HEADS, is_signed, public_key, sign
from serving import audit
from serving.operations.integrity import FILE as CHECKPOINTS
from serving.operations.integrity import audit_heads, ledger_heads, read_checkpoints, write_checkpoint
from serving.rankings import ledger

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "manifest.public"
SEALS = frozenset({MANIFEST, SIGNATURE, PUBLIC_KEY})
"""Files that say what the others must be."""
WORTH_KEEPING = ("event", "ranking", "account")
"""Tables of which one at least has rows wherever somebody works."""

STAGING = ".restoring"


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


@dataclass(frozen=True)
class Restored:
    """Result of a restore, and how far it can be trusted."""

    backup: Backup
    unchecked: Sequence[str]
    """Doubts that nothing here could settle, one sentence each."""


def restore(folder: Path, home: Home, url: str | None = None, fingerprint: str | None = None) -> Restored:
    """Make a home out of a backup; its database becomes SQLite in the home, or fills a database without rows at `url`.

    `fingerprint` is that of the key which must have signed it, as `yujing backup` printed it.

    Raises:
        UsageError: the home or the database has records already.
        StoreError: the backup is not whole, not signed by that key, or what it holds was changed before it was made.
    """
    if not url and home.database.exists():
        raise UsageError(f"--home must name a home without a database, found {home.database}. Restore beside it, then change the name.")
    backup = _check(folder, home, fingerprint)
    staging = home.root / STAGING
    was_there = home.root.exists()
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staged = Home(home.folder(staging))
        for name in backup.files:
            shutil.copyfile(folder / name, staged.folder((staging / name).parent) / Path(name).name)
            shutil.copymode(folder / name, staging / name)
        _verify(staged, url)
        _take_place(staged, home, skip={CHECKPOINTS, *({home.database.name} if url else {})})
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not was_there:
            with suppress(OSError):  # it is empty only where nothing was restored
                home.root.rmdir()
    return Restored(backup, _unchecked(backup, home, fingerprint))


def _check(folder: Path, home: Home, fingerprint: str | None) -> Backup:
    """Check signature and files of a backup, none of which may be a link."""
    if links := [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink()]:
        raise StoreError(f"{folder} must hold plain files, found links: {', '.join(links[:3])}. Choose another backup.")
    try:
        content, signature, public = (folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes(), (folder / PUBLIC_KEY).read_bytes()
        backup = Backup(**json.loads(content))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{folder} must hold a signed backup, and its {MANIFEST} cannot be read. Choose another backup.") from error
    wanted = fingerprint or _own_fingerprint(home)
    if not is_signed(public, content, signature) or wanted not in (None, fingerprint_of(public)):
        raise StoreError(f"{folder} must be signed by the key {wanted or 'it names'}, and is not. Choose another backup.")
    found = {name: sync_and_hash(folder / name) for name in list_files(folder) if name not in SEALS}
    if wrong := sorted(name for name in found.keys() | backup.files if found.get(name) != backup.files.get(name)):
        raise StoreError(f"{folder} must be as it was made; changed, missing or added: {', '.join(wrong[:3])}. Choose another backup.")
    return backup


def _own_fingerprint(home: Home) -> str | None:
    public = home.keys / f"{BACKUPS}.public"
    return fingerprint_of(public.read_bytes()) if public.exists() else None


def _verify(staged: Home, url: str | None) -> None:
    """Check what the database holds before it takes its place, or fill the database at `url` with it."""
    engine = open_database(staged.database_url, staged.archive)
    try:
        if missing := missing_guards(engine):
            raise StoreError(f"the backup must refuse changes of its records, and lacks {', '.join(missing[:3])}. Choose another one.")
        if lost := lost_keys(staged, engine):
            raise StoreError(f"the backup must hold the keys its database knows, found other or no {', '.join(lost)}. Choose another.")
        heads = read_checkpoints(staged, staged.root)
        ledger.verify(engine, ledger_heads(heads))
        audit.verify(engine, audit_heads(heads))
        if url:
            _fill_database(engine, url, staged.archive)
    finally:
        engine.dispose()


def _fill_database(engine: Engine, url: str, archive: Path) -> None:
    target = open_database(url, archive)
    try:
        copy_rows(engine, target)
        ledger.verify(target)
        audit.verify(target)
    finally:
        target.dispose()


def _take_place(staged: Home, home: Home, skip: set[str]) -> None:
    """Move files into the home, the database last: a home that has one is whole. Settings that are there stay."""
    names = [name for name in list_files(staged.root) if name not in skip and not (name == home.config.name and home.config.exists())]
    for name in sorted(names, key=lambda name: name == home.database.name):
        target = home.folder((home.root / name).parent) / Path(name).name
        sync_and_hash(staged.root / name)
        (staged.root / name).rename(target)
        sync_folder(target.parent)


def _unchecked(backup: Backup, home: Home, fingerprint: str | None) -> list[str]:
    unchecked = [f"records, lists and entries after {backup.made_at} are not in it"]
    if not (fingerprint or _own_fingerprint(home)):
        unchecked.append("who made it: compare the key it was signed with by --fingerprint, or whoever can change backups can forge one")
    return unchecked


@dataclass(frozen=True)
class Moved:
    """Counts of what was moved."""

    rows: int
    lists: int
    entries: int
    """Of the audit trail."""


def move(home: Home, source: Engine, url: str) -> Moved:
    """Copy a database into another one without rows; nobody should write to the old one meanwhile.

    Raises:
        UsageError: the other database has rows, or the address names none.
        StoreError: a chain is not whole, a key is lost, or rows were written meanwhile.
    """
    if lost := lost_keys(home, source):
        raise StoreError(f"{home.keys} must hold the keys that the database knows, found other or no {', '.join(lost)}. Restore them.")
    before = ledger.verify(source), audit.verify(source)
    target = open_database(url, home.archive)
    try:
        rows = copy_rows(source, target)
        last, entries = ledger.verify(target), audit.verify(target)
        if (last, entries) != before or count_rows(source) != count_rows(target):
            raise StoreError("nobody must write while a database is moved, and somebody did. Stop the service, then take a new one.")
    finally:
        target.dispose()
    return Moved(rows, last.id if last else 0, entries)
