"""Publish a model: from the registry, through the gate, into a signed folder, and on record."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert

from features.database.engine import writing
from features.database.known_keys import known_pair
from features.database.tables import model_publication
from features.errors import GateRefusedError, NotReadyError, UsageError
from features.storage.atomic_files import atomic_write, sync_folder
from features.storage.home import Home
from features.storage.keys import MODELS, replace_pair, sign
from training.registry import candidate
from training.registry.candidate import read_candidate, repeat_golden
from training.registry.gate import Comparison, evaluate_gate
from training.registry.published import (
    FEATURES,
    MANIFEST,
    SIGNATURE,
    Kind,
    Manifest,
    Publication,
    history,
    is_whole,
    read_published,
    sha256,
)
from training.registry.tracking import ModelVersion, Registry

Also = Callable[[Connection, Publication], None]
"""Further work in the transaction that makes a champion, such as an entry of the audit trail."""


@dataclass(frozen=True)
class Approval:
    """Decision to let a model go live: by whom, when and why."""

    by: str
    reason: str
    at: datetime
    override: bool = False
    """Publish although the gate objects; damaged files are refused all the same."""

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise UsageError(f"a publication needs a name and a reason, got by={self.by!r} and reason={self.reason!r}.")


def promote(home: Home, engine: Engine, registry: Registry, which: int | str, approval: Approval, also: Also | None = None) -> Publication:
    """Make a version of the registry the champion of its target; a champion's folder is only written anew.

    Nothing is written before every check has passed.

    Raises:
        GateRefusedError: the files are damaged, or the gate objects and is not overruled.
        NotFoundError: there is no such version.
        StoreError: the key that models are signed with is lost.
    """
    known_pair(home, engine, MODELS)
    model = registry.show_model(which)
    files = read_candidate(registry, model)
    repeat_golden(files)
    manifest = _describe(model, files)
    standing = champions(history(engine, manifest.target))
    if standing and standing[-1].model_hash == manifest.hash:
        write_folder(home, manifest, files)
        return standing[-1]
    objections = _objections(files, standing)
    if objections and not approval.override:
        raise GateRefusedError(f"Version {model.version} must pass the gate, and does not: {'; '.join(objections)}.")
    write_folder(home, manifest, files)
    audited_at = approval.at if objections else model.created_at
    publication = _publication(Kind.PROMOTE, read_published(home, manifest.hash).manifest, approval, audited_at, objections)
    _record(engine, publication, also)
    sync_aliases(engine, registry, manifest.target)
    return publication


def rollback(home: Home, engine: Engine, target: str, approval: Approval, also: Also | None = None) -> Publication:
    """Return to the champion before the present one; the registry is not needed. Its audit is as old as it was: this is no new one.

    Raises:
        NotReadyError: there is none before.
        StoreError: its folder is not what was signed.
    """
    standing = champions(history(engine, target))
    if len(standing) < 2:
        raise NotReadyError(f"An earlier champion of {target!r} must be there to return to, found none. Promote another version.")
    published = read_published(home, standing[-2].model_hash)
    repeat_golden(published.files)
    publication = _publication(Kind.ROLLBACK, published.manifest, approval, standing[-2].audited_at)
    _record(engine, publication, also)
    return publication


def sync_aliases(engine: Engine, registry: Registry, target: str) -> None:
    """Let the registry's aliases follow the history, for those who look there; after a rollback it may wait until the registry is back."""
    registry.mirror(champions(history(engine, target)))


def champions(entries: Sequence[Publication]) -> list[Publication]:
    """Return what rollbacks have left standing of one target's history; the last is the present champion."""
    standing: list[Publication] = []
    for entry in entries:
        if entry.kind is Kind.ROLLBACK:
            standing.pop()
        else:
            standing.append(entry)
    return standing


def _describe(model: ModelVersion, files: Mapping[str, bytes]) -> Manifest:
    about = json.loads(files[candidate.MODEL_FILE])
    return Manifest(
        target=about["target"],
        horizon_days=about["horizon_days"],
        version=model.version,
        features_hash=sha256(files[FEATURES]),
        files={name: sha256(files[name]) for name in sorted(files)},
    )


def _objections(files: Mapping[str, bytes], standing: Sequence[Publication]) -> list[str]:
    stored = files.get(candidate.COMPARISON)
    comparison = Comparison(**json.loads(stored)) if stored else None
    objections = evaluate_gate(json.loads(files[candidate.BACKTEST]), comparison)
    if standing and (comparison is None or comparison.champion_hash != standing[-1].model_hash):
        objections.append(f"it was not compared with the present champion, version {standing[-1].model_version}: train again")
    return objections


def write_folder(home: Home, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write `published/<hash>/` so that after a crash it is there whole or not at all; a damaged one is replaced."""
    if is_whole(home, manifest.hash):
        return
    content = manifest.to_bytes()
    final = home.folder(home.published) / manifest.hash
    fresh = home.published / f".new-{manifest.hash}"
    shutil.rmtree(fresh, ignore_errors=True)
    home.folder(fresh)
    for name, stored in {**files, MANIFEST: content, SIGNATURE: sign(home, MODELS, content)}.items():
        atomic_write(fresh / name, stored)
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)
    sync_folder(home.published)
    sync_folder(home.root)


def sign_again(home: Home) -> bytes:
    """Sign every published model with a new pair of keys, once it was verified with the old one; return the new public half.

    Raises:
        StoreError: a model is not what was signed; nothing was changed.
    """
    folders = [folder for folder in home.published.glob("*") if not folder.name.startswith(".")]
    manifests = {folder: read_published(home, folder.name).manifest.to_bytes() for folder in folders}
    public = replace_pair(home, MODELS)
    for folder, content in manifests.items():
        atomic_write(folder / SIGNATURE, sign(home, MODELS, content))
    return public


def _publication(
    kind: Kind, manifest: Manifest, approval: Approval, audited_at: datetime | None, objections: Sequence[str] = ()
) -> Publication:
    return Publication(
        target=manifest.target,
        model_hash=manifest.hash,
        model_version=manifest.version,
        kind=kind,
        published_at=approval.at,
        published_by=approval.by,
        reason=approval.reason,
        override="; ".join(objections) or None,
        audited_at=audited_at,
    )


def _record(engine: Engine, publication: Publication, also: Also | None) -> None:
    """Store a publication; its row is the pointer to the champion."""
    values = {**asdict(publication), "model_version": str(publication.model_version)}
    with writing(engine) as connection:
        connection.execute(insert(model_publication).values(values))
        if also:
            also(connection, publication)
