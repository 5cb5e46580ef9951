"""Integrity of a home: keys, triggers that refuse changes, ledger and audit trail are as they were left.

Checkpoints say where both chains stood, signed and written down in a second place, so that a cut or re-hashed chain is told.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.known_keys import fingerprint_of, known_pair, lost_keys
from features.database.tables import ranking
from features.errors import StoreError, YujingError
from features.storage.home import Home
from features.storage.keys import HEADS, check_signature, public_key, replace_pair, sign
from serving import audit
from serving.alerts.queries import edited_alerts
from serving.audit import GENESIS
from serving.rankings import ledger

log = logging.getLogger(__name__)

NEWEST_LISTS, NEWEST_ENTRIES = 3, 1000
"""Number that is read unless all are asked for, so that a check takes no longer as the home grows."""

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
    head = Checkpoint(now.isoformat(), last.hash if last else GENESIS, audit.last_hash(engine))
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


@dataclass(frozen=True)
class Vault:
    """A home, its database and its second place."""

    home: Home
    engine: Engine
    checkpoint_dir: Path | None
    """The configured second place; None is the home's own."""


def check_keys(vault: Vault) -> str:
    """Return in a sentence that every key the database knows is there.

    Raises:
        StoreError: one is missing, or is another.
    """
    if lost := lost_keys(vault.home, vault.engine):
        raise StoreError(f"{vault.home.keys} must hold the keys its database knows, found none or another {', '.join(lost)}. Restore them.")
    return "those that the database knows are there"


def check_guards(vault: Vault) -> str:
    """Return in a sentence that changes of records are refused, and that none were made to alerts.

    Raises:
        StoreError: a trigger is missing, or an alert is not where its history leads.
    """
    from features.database.triggers import missing_guards  # noqa: PLC0415 - brings Alembic, which ranking does without

    if missing := missing_guards(vault.engine):
        raise StoreError(f"the database must refuse changes of records, and lacks {', '.join(missing)}. Restore it from the backup.")
    if edited := edited_alerts(vault.engine):
        raise StoreError(f"alerts must be where their history leads, and {', '.join(edited[:3])} were edited. Restore the backup.")
    return "every trigger that refuses changes is there, alerts are where their history leads"


def check_ledger(vault: Vault, newest: int | None = NEWEST_LISTS) -> str:
    """Return in a sentence how far the lists were verified; `newest` of None reads the rows of all.

    Raises:
        StoreError: a list is not as it was published.
    """
    last = ledger.verify(vault.engine, ledger_heads(read_second_place(vault.home, vault.checkpoint_dir)), newest)
    extent = "all rows" if newest is None else f"rows of the newest {newest} read, all by --whole"
    return f"{last.id} lists, the last for {last.origin.as_of}; {extent}" if last else "no list yet"


def check_trail(vault: Vault, newest: int | None = NEWEST_ENTRIES) -> str:
    """Return in a sentence against what the audit trail was verified; `newest` of None reads all entries.

    Raises:
        StoreError: an entry is not as it was written.
    """
    heads = read_second_place(vault.home, vault.checkpoint_dir)
    count = audit.verify(vault.engine, audit_heads(heads), newest)
    against = f"{len(heads)} checkpoints, the last of {heads[-1].at}" if heads else "no second place: a cut end cannot be told"
    return f"{count} entries, checked against {against}"


CHECKS: dict[str, Callable[[Vault], str]] = {
    "keys": check_keys,
    "guards": check_guards,
    "ledger": check_ledger,
    "audit trail": check_trail,
}


@dataclass
class IntegrityWatch:
    """Result of the newest look at a home."""

    vault: Vault
    damaged: dict[str, bool] = field(default_factory=dict)
    """Check -> whether it failed; empty before the first look."""

    @property
    def failed(self) -> list[str]:
        """The checks that failed."""
        return [check for check, fails in self.damaged.items() if fails]

    def look(self) -> None:
        """Run every check and log what fails.

        Raises:
            StoreError: the database cannot be read, which is no damage.
        """
        with reading(self.vault.engine) as connection:
            connection.execute(select(ranking.c.id).limit(1))
        faults = dict(_faults(self.vault))
        for check, fault in faults.items():
            log.error("%s: %s", check, fault)
        self.damaged = {check: check in faults for check in CHECKS}


def _faults(vault: Vault) -> Iterator[tuple[str, str]]:
    for name, check in CHECKS.items():
        try:
            check(vault)
        except YujingError as error:
            yield name, str(error)
        except Exception as error:  # noqa: BLE001 - a value that cannot even be read was changed too
            yield name, f"it could not be checked: {type(error).__name__}"
