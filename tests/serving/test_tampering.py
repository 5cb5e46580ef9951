"""Both chains, as someone changes them who has the tables in hand and knows how entries are made."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, Table, delete, insert, select

from features.database.access_tables import audit as trail
from features.database.engine import writing
from features.database.tables import ranking
from features.errors import StoreError
from features.storage.home import Home
from serving import audit
from serving.audit import GENESIS, AuditEntry
from serving.operations.integrity import audit_heads, ledger_heads, read_checkpoints, write_checkpoint
from serving.rankings import ledger
from serving.rankings.entries import Entry, Origin
from tests.support.databases import drop_trigger

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
ENTRIES = 6
TAMPERINGS = 1_000
KINDS = ("edit", "delete", "reorder", "cut tail", "re-hash", "re-hash and cut tail")
NEEDS_A_HEAD = {"cut tail", "re-hash", "re-hash and cut tail"}
"""Kinds after which a chain fits in itself, always; the others fit where all that follows was hashed anew as well."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Chain:
    """One of the chains."""

    table: Table
    read: Callable[[Row], Entry | AuditEntry]
    verify: Callable[[Connection, Collection[str]], object]
    changes: Mapping[str, object]
    """What may be written over columns of an entry."""


LEDGER = Chain(ranking, ledger.entry_of, ledger._verify, {"seed": 9, "model_version": "9", "published_at": NOW, "entry_hash": "0" * 64})
TRAIL = Chain(trail, audit._deed, audit._verify, {"actor_id": "other", "detail": "{}", "at": NOW, "previous_hash": "1" * 64})


@pytest.fixture
def written(engine: Engine) -> Engine:
    """Six entries in each chain, and nothing left that refuses changes."""
    origin = Origin(date(2026, 1, 9), "escalation", 14, "a" * 64, "1", 100, NOW, "0.1.0", 0)
    for number in range(1, ENTRIES + 1):
        at = NOW + timedelta(minutes=number)
        ledger.publish(engine, replace(origin, as_of=origin.as_of + timedelta(days=number)), {}, at)
        with writing(engine) as connection:
            audit.record(connection, f"a{number}", "alert.close", f"alert{number}", {"seen": number}, at)
    with engine.begin() as connection:
        for table in ("ranking", "audit"):
            for verb in ("UPDATE", "DELETE"):
                drop_trigger(connection, table, verb)
    return engine


def tamper(chain: Chain, stored: list[Row], rng: np.random.Generator) -> tuple[str, list[Row]]:
    """Return a kind of tampering and what the table would hold then."""
    kind, place, rows = str(rng.choice(KINDS)), int(rng.integers(ENTRIES)), [dict(row) for row in stored]
    column = str(rng.choice(sorted(chain.changes)))
    if "cut tail" in kind:
        del rows[max(place, 1) :]
    if kind == "delete":
        del rows[place]
    elif kind == "reorder":
        other = (place + 1 + int(rng.integers(ENTRIES - 1))) % ENTRIES
        rows[place], rows[other] = rows[other], rows[place]
    elif kind == "edit" or "re-hash" in kind:
        rows[min(place, len(rows) - 1)][column] = chain.changes[column]
    fits = "re-hash" in kind or (kind in {"delete", "reorder"} and rng.random() < 0.5)
    return kind, hashed_anew(chain, rows) if fits else rows


def hashed_anew(chain: Chain, rows: list[Row]) -> list[Row]:
    """Return entries that follow each other, whatever they say."""
    fitting: list[Row] = []
    for number, row in enumerate(rows, start=1):
        moved = {**row, "id": number, "previous_hash": fitting[-1]["entry_hash"] if fitting else GENESIS}
        fitting.append(moved | {"entry_hash": chain.read(moved).hash})
    return fitting


def tried(engine: Engine, chain: Chain, heads: Collection[str], count: int) -> tuple[Counter[str], Counter[str]]:
    """Tamper so many times and return how often in which way, and which of that was not found."""
    rng, done, missed = np.random.default_rng(5), Counter(), Counter()
    with engine.connect() as connection:
        stored = [dict(row) for row in connection.execute(select(chain.table).order_by(chain.table.c.id)).mappings()]
        connection.rollback()
        while done.total() < count:
            kind, rows = tamper(chain, stored, rng)
            if sorted(rows, key=lambda row: row["id"]) == stored:
                continue
            done[kind] += 1
            with connection.begin() as transaction:
                connection.execute(delete(chain.table))
                connection.execute(insert(chain.table), rows)
                missed[kind] += not is_found(chain, connection, heads)
                transaction.rollback()
    return done, missed


def is_found(chain: Chain, connection: Connection, heads: Collection[str]) -> bool:
    try:
        chain.verify(connection, heads)
    except StoreError:
        return True
    return False


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize(("chain", "heads_of"), [(LEDGER, ledger_heads), (TRAIL, audit_heads)], ids=["ledger", "audit"])
def test_thousand_tamperings_are_found_by_a_head_kept_elsewhere(written, tmp_path, chain, heads_of, record_property) -> None:
    home = Home(tmp_path / "home")
    write_checkpoint(home, written, tmp_path, NOW)

    done, missed = tried(written, chain, heads_of(read_checkpoints(home, tmp_path)), TAMPERINGS)

    record_property("tamperings, and how many were missed", f"{done.total()}, {missed.total()}")
    assert set(done) == set(KINDS)
    assert (TAMPERINGS, 0) == (done.total(), missed.total()), +missed


@pytest.mark.parametrize("chain", [LEDGER, TRAIL], ids=["ledger", "audit"])
def test_chain_without_a_head_elsewhere_is_believed_once_it_fits(written, chain, record_property) -> None:
    """What the test above is for: a chain alone misses every cut tail and every full re-hash, and would be caught at that."""
    done, missed = tried(written, chain, (), 100)

    record_property("missed without a head elsewhere, of a hundred", missed.total())
    assert set(+missed) >= NEEDS_A_HEAD
    assert [kind for kind in NEEDS_A_HEAD if missed[kind] != done[kind]] == []
