"""Integrity of a home: keys, triggers that refuse changes, ledger and audit trail are as they were left."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.known_keys import lost_keys
from features.database.tables import ranking
from features.database.triggers import missing_guards
from features.errors import StoreError, YujingError
from features.storage.home import Home
from serving.alerts.queries import edited_alerts
from serving.audit import audit_log
from serving.operations.checkpoints import audit_heads, ledger_heads, read_second_place
from serving.rankings import ledger

log = logging.getLogger(__name__)

NEWEST_LISTS, NEWEST_ENTRIES = 3, 1000
"""Number that is read unless all are asked for, so that a check takes no longer as the home grows."""


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
    count = audit_log.verify(vault.engine, audit_heads(heads), newest)
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
