"""Checkpoints: where both chains stood, signed and written down in a second place, so that a cut or re-hashed chain is told.

The second place is best a folder on another machine, which whoever can change the database cannot change. Without one it lies beside the
home, under the fingerprint of the key that signs: whoever puts another database in place has to know of it, and a lost one is noticed.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from features.database.known_keys import fingerprint_of, known_pair
from features.errors import StoreError
from features.storage.home import Home
from features.storage.keys import HEADS, check_signature, public_key, replace_pair, sign
from serving.audit import audit_log
from serving.audit.hash_chain import GENESIS
from serving.rankings import ledger

FILE = "heads.jsonl"


@dataclass(frozen=True)
class Checkpoint:
    """The last entries of both chains at one moment; `GENESIS` where a chain has none."""

    at: str
    ledger: str
    audit: str


def second_place(home: Home, configured: Path | None) -> Path:
    """Return the folder of checkpoints: the configured one, or the home's own, which is made when it is first asked for."""
    if configured:
        return configured
    place = home.checkpoints / fingerprint_of(public_key(home, HEADS))
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def replace_key(home: Home) -> bytes:
    """Sign checkpoints with a new pair from now on, and return its public half; the home's own second place is called after it."""
    former = second_place(home, None)
    public = replace_pair(home, HEADS)
    former.rename(home.checkpoints / fingerprint_of(public))
    return public


def read_second_place(home: Home, configured: Path | None) -> list[Checkpoint]:
    """Return all checkpoints of the second place; none where nobody configured one and none was written yet.

    Raises:
        StoreError: the configured place cannot be read, or a checkpoint was not signed here.
    """
    if configured:
        return read_checkpoints(home, configured)
    if not (home.keys / f"{HEADS}.public").exists():
        return []
    place = second_place(home, None)
    return read_checkpoints(home, place) if (place / FILE).exists() else []


def write_checkpoint(home: Home, engine: Engine, folder: Path, now: datetime) -> Checkpoint:
    """Append where the chains stand now to the file in the second place, unless its last line says so already.

    Raises:
        StoreError: the key of this home is lost, or the second place cannot be written.
    """
    known_pair(home, engine, HEADS)
    last = ledger.newest_entry(engine)
    head = Checkpoint(now.isoformat(), last.hash if last else GENESIS, audit_log.last_hash(engine))
    if _stands_there(folder, head):
        return head
    content = json.dumps(vars(head))
    line = json.dumps({"head": content, "signature": sign(home, HEADS, content.encode()).hex()})
    try:
        with (folder / FILE).open("a", encoding="ascii") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"{folder} must be a folder where heads can be appended: {error.strerror}. Mount it again.") from error
    return head


def _stands_there(folder: Path, head: Checkpoint) -> bool:
    """Tell whether the last checkpoint says the same already."""
    with suppress(OSError, ValueError, IndexError, KeyError):
        last = json.loads(json.loads((folder / FILE).read_text(encoding="ascii").splitlines()[-1])["head"])
        return (last["ledger"], last["audit"]) == (head.ledger, head.audit)
    return False


def read_checkpoints(home: Home, folder: Path) -> list[Checkpoint]:
    """Return all heads that were written down, the first one first.

    Raises:
        StoreError: there are none, or one was not signed here.
    """
    path = folder / FILE
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} must hold the heads that were written down, and cannot be read. Mount the second place again.") from error
    for line in lines:
        check_signature(home, HEADS, line["head"].encode(), bytes.fromhex(line["signature"]), f"a head in {path}")
    return [Checkpoint(**json.loads(line["head"])) for line in lines]


def ledger_heads(heads: Sequence[Checkpoint]) -> set[str]:
    """Return the hashes that the ledger must hold."""
    return {head.ledger for head in heads} - {GENESIS}


def audit_heads(heads: Sequence[Checkpoint]) -> set[str]:
    """Return the hashes that the audit trail must hold."""
    return {head.audit for head in heads} - {GENESIS}
