"""Restoring a backup: everything is checked in a folder apart before anything takes its place."""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from features.database.copying import copy_rows
from features.database.engine import open_database
from features.database.known_keys import fingerprint_of, lost_keys
from features.database.triggers import missing_guards
from features.errors import StoreError, UsageError
from features.storage.atomic_files import sync_and_hash, sync_folder
from features.storage.home import Home
from features.storage.keys import BACKUPS, is_signed
from serving.audit import audit_log
from serving.operations.backup import MANIFEST, PUBLIC_KEY, SEALS, SIGNATURE, Backup, list_files
from serving.operations.checkpoints import FILE as HEADS
from serving.operations.checkpoints import audit_heads, ledger_heads, read_checkpoints
from serving.rankings import ledger

STAGING = ".restoring"


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
        _take_place(staged, home, skip={HEADS, *({home.database.name} if url else {})})
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
        audit_log.verify(engine, audit_heads(heads))
        if url:
            _fill(engine, url, staged.archive)
    finally:
        engine.dispose()


def _fill(engine: Engine, url: str, archive: Path) -> None:
    target = open_database(url, archive)
    try:
        copy_rows(engine, target)
        ledger.verify(target)
        audit_log.verify(target)
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
