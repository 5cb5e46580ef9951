"""Publish a model: from the registry, through the gate, into a signed folder, and on record."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Engine, insert

from features.database.engine import writing
from features.database.tables import model_publication
from features.durable import sync_folder, write_durably
from features.errors import GateRefusedError, NotReadyError, UsageError
from features.home import Home
from training import candidate
from training.gate import Comparison, object_to
from training.published import FILE_NAME, MANIFEST, SIGNATURE, Kind, Manifest, Publication, history, is_whole, read_published, sha256
from training.signing import sign
from training.tracking import ModelVersion, Registry
from training.trial import try_boosters


@dataclass(frozen=True)
class Approval:
    """Who lets a model go live, when and why."""

    by: str
    reason: str
    at: datetime
    override: bool = False
    """Publish although the gate objects; damaged files are refused all the same."""

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise UsageError(f"a publication needs a name and a reason, got by={self.by!r} and reason={self.reason!r}.")


def promote(home: Home, engine: Engine, registry: Registry, which: int | str, approval: Approval) -> Publication:
    """Make a version of the registry the champion of its target; a champion's folder is only written anew.

    Nothing is written before every check has passed.

    Raises:
        GateRefusedError: the files are damaged, or the gate objects and is not overruled.
        NotFoundError: there is no such version.
    """
    model = registry.show_model(which)
    files = _read_candidate(registry, model)
    _try(files)
    manifest = _describe(model, files)
    standing = champions(history(engine, manifest.target))
    if standing and standing[-1].model_hash == manifest.hash:
        write_folder(home, manifest, files)
        return standing[-1]
    objections = _objections(files, standing)
    if objections and not approval.override:
        raise GateRefusedError(f"Version {model.version} must pass the gate, and does not: {'; '.join(objections)}.")
    write_folder(home, manifest, files)
    publication = _publication(Kind.PROMOTE, read_published(home, manifest.hash).manifest, approval, objections)
    _record(engine, publication)
    mirror(engine, registry, manifest.target)
    return publication


def rollback(home: Home, engine: Engine, target: str, approval: Approval) -> Publication:
    """Return to the champion before the present one; the registry is not needed.

    Raises:
        NotReadyError: there is none before.
        StoreError: its folder is not what was signed.
    """
    standing = champions(history(engine, target))
    if len(standing) < 2:
        raise NotReadyError(f"An earlier champion of {target!r} must be there to return to, found none. Promote another version.")
    published = read_published(home, standing[-2].model_hash)
    _try(published.files)
    publication = _publication(Kind.ROLLBACK, published.manifest, approval, [])
    _record(engine, publication)
    return publication


def mirror(engine: Engine, registry: Registry, target: str) -> None:
    """Let the registry's aliases follow the history, for those who look there; after a rollback it may wait until the registry is back."""
    registry.mirror([entry.model_version for entry in champions(history(engine, target))])


def champions(entries: Sequence[Publication]) -> list[Publication]:
    """Return what rollbacks have left standing of one target's history; the last is the present champion."""
    standing: list[Publication] = []
    for entry in entries:
        if entry.kind is Kind.ROLLBACK:
            standing.pop()
        else:
            standing.append(entry)
    return standing


def _read_candidate(registry: Registry, model: ModelVersion) -> dict[str, bytes]:
    """Read the files on the run's record: only names of the allowed form, only bytes of the recorded hash."""
    files = {}
    for name, recorded in model.hashes.items():
        if not FILE_NAME.fullmatch(name):
            raise GateRefusedError(f"Version {model.version} must consist of LightGBM text and JSON, found {name!r}. Train again.")
        files[name] = registry.read_file(model, name)
        if sha256(files[name]) != recorded:
            raise GateRefusedError(f"{name} of version {model.version} must have the SHA-256 on the run's record. Train again.")
        _check_text(name, files[name])
    if missing := candidate.REQUIRED - files.keys():
        raise GateRefusedError(f"Version {model.version} must hold {', '.join(sorted(missing))}, and does not. Train again.")
    return files


def _check_text(name: str, content: bytes) -> None:
    try:
        content.decode() if name.endswith(candidate.BOOSTER_SUFFIX) else json.loads(content)
    except ValueError as error:
        raise GateRefusedError(f"{name} must be LightGBM text or JSON in UTF-8, and is not. Train again.") from error


def _try(files: Mapping[str, bytes]) -> None:
    golden = json.loads(files[candidate.GOLDEN])
    boosters = {name: content.decode() for name, content in files.items() if name.endswith(candidate.BOOSTER_SUFFIX)}
    try_boosters(boosters, golden["rows"], golden["margins"])


def _describe(model: ModelVersion, files: Mapping[str, bytes]) -> Manifest:
    about = json.loads(files[candidate.MODEL])
    return Manifest(
        target=about["target"],
        horizon_days=about["horizon_days"],
        version=model.version,
        features_hash=sha256(files[candidate.FEATURES]),
        files=dict(sorted(model.hashes.items())),
    )


def _objections(files: Mapping[str, bytes], standing: Sequence[Publication]) -> list[str]:
    stored = files.get(candidate.COMPARISON)
    comparison = Comparison(**json.loads(stored)) if stored else None
    objections = object_to(json.loads(files[candidate.BACKTEST]), comparison)
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
    for name, stored in {**files, MANIFEST: content, SIGNATURE: sign(home, content)}.items():
        write_durably(fresh / name, stored)
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)
    sync_folder(home.published)


def _publication(kind: Kind, manifest: Manifest, approval: Approval, objections: Sequence[str]) -> Publication:
    return Publication(
        target=manifest.target,
        model_hash=manifest.hash,
        model_version=manifest.version,
        kind=kind,
        published_at=approval.at,
        published_by=approval.by,
        reason=approval.reason,
        override="; ".join(objections) or None,
    )


def _record(engine: Engine, publication: Publication) -> None:
    """Store a publication; its row is the pointer to the champion."""
    values = {**asdict(publication), "model_version": str(publication.model_version)}
    with writing(engine) as connection:
        connection.execute(insert(model_publication).values(values))
