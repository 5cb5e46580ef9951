"""Published models: who was champion when, and the champion's files, handed out only after every byte was verified.

A folder `published/<hash>/` holds the model's files, `manifest.json` and `manifest.sig`. The hash is the manifest's SHA-256, the manifest
holds the SHA-256 of every file, the signature is the deployment's own; the pointer to the champion is the last row of the history.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Engine, select

from features.database.tables import model_publication
from features.errors import NotReadyError, StoreError
from features.storage.home import Home
from features.storage.keys import MODELS, check_signature

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
BOOSTER, FEATURES = "new.lgb", "features.json"
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\.(lgb|json)")
"""Files that a model may consist of: LightGBM text and JSON, by flat names."""


class Kind(StrEnum):
    """Way in which a model became champion."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"


class Manifest(BaseModel):
    """Manifest of a published model; its canonical bytes are signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    horizon_days: int
    version: int
    """Number in the registry, among the versions of the target."""
    features_hash: str
    files: dict[str, str]
    """SHA-256 by name."""

    def to_bytes(self) -> bytes:
        """Return the bytes that are signed: the same for equal content."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @property
    def hash(self) -> str:
        """Return the SHA-256 of those bytes: the name of the folder."""
        return sha256(self.to_bytes())


@dataclass(frozen=True)
class Published:
    """A verified model."""

    manifest: Manifest
    files: dict[str, bytes]

    @property
    def hash(self) -> str:
        """Return the name of its folder."""
        return self.manifest.hash

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the panel columns that its part on new cases reads, in their order; the others read rows of single cases."""
        return tuple(json.loads(self.files[FEATURES])["new"]["names"])

    @property
    def version(self) -> int:
        """Return its number in the registry."""
        return self.manifest.version


@dataclass(frozen=True)
class Publication:
    """One entry of the history: from `published_at` on this model was champion of its target."""

    target: str
    model_hash: str
    model_version: int
    kind: Kind
    published_at: datetime
    published_by: str
    reason: str
    override: str | None
    """Objections of the gate that `published_by` overruled."""
    audited_at: datetime | None = None
    """Moment of the audit that lets it publish: its training, with the disparity report, or its promotion where the gate was overruled.

    None in entries of an earlier program, which kept no date of it.
    """


def current(home: Home, engine: Engine, target: str | None = None) -> Published:
    """Return the verified champion of a target, or of the target published last.

    Raises:
        NotReadyError: nothing was published yet.
        StoreError: the folder is not what was signed.
    """
    entries = history(engine, target)
    if not entries:
        raise NotReadyError("A model must be published first, found none. Run `yujing train`, then `yujing models promote`.")
    return read_published(home, entries[-1].model_hash)


def history(engine: Engine, target: str | None = None) -> list[Publication]:
    """Return who was champion, when and why, the oldest first."""
    query = select(*(model_publication.c[name] for name in Publication.__dataclass_fields__)).order_by(model_publication.c.id)
    if target is not None:
        query = query.where(model_publication.c.target == target)
    with engine.connect() as connection:
        rows = connection.execute(query).mappings()
        return [Publication(**{**row, "model_version": int(row["model_version"]), "kind": Kind(row["kind"])}) for row in rows]


def read_published(home: Home, model_hash: str) -> Published:
    """Read and verify one folder: its name, the signature, then every file.

    Raises:
        StoreError: anything is missing, added, changed, a link, or signed with another key.
    """
    folder = home.published / model_hash
    content = _read(folder, MANIFEST)
    _hold(sha256(content) == model_hash, folder, f"{MANIFEST} is not the one it is named after")
    check_signature(home, MODELS, content, _read(folder, SIGNATURE), str(folder))
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise StoreError(f"{folder} must be read with the version of yujing that published it: {error.errors()[0]['msg']}.") from error
    _hold({path.name for path in folder.iterdir()} == {MANIFEST, SIGNATURE, *manifest.files}, folder, "files were added or are missing")
    files = {name: _read(folder, name) for name in manifest.files}
    for name, digest in manifest.files.items():
        _hold(sha256(files[name]) == digest, folder, f"{name} has changed")
    return Published(manifest, files)


def is_whole(home: Home, model_hash: str) -> bool:
    """Tell whether a folder is there and passes every check."""
    try:
        read_published(home, model_hash)
    except StoreError:
        return False
    return True


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _read(folder: Path, name: str) -> bytes:
    """Read a plain file of a plain folder; a link is refused, wherever it leads."""
    _hold(not folder.is_symlink() and bool(FILE_NAME.fullmatch(name) or name == SIGNATURE), folder, f"{name!r} does not belong there")
    try:
        with os.fdopen(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return file.read()
    except OSError as error:
        raise StoreError(f"{folder} must hold the plain file {name}: {error.strerror}. Promote the model again.") from error


def _hold(condition: bool, folder: Path, fault: str) -> None:
    if not condition:
        raise StoreError(f"{folder} must be as it was published; {fault}. Roll back, or promote the model again.")
