from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, insert, select, update

from features.database.access_tables import audit as trail
from features.database.engine import writing
from features.errors import StoreError
from features.home import Home
from serving import audit
from serving.audit import deeds, record
from serving.chain import GENESIS
from serving.heads import audit_heads, read_heads, write_head
from tests.databases import drop_trigger

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
ENTRIES = 8


def write(engine, number):
    with writing(engine) as connection:
        return record(connection, f"a{number}", "alert.close", f"alert{number}", {"seen": number}, NOW + timedelta(minutes=number))


@pytest.fixture
def chain(engine):
    """Eight deeds in a table that no longer refuses changes, as for someone with the file in hand."""
    for number in range(ENTRIES):
        write(engine, number)
    with engine.begin() as connection:
        for verb in ("UPDATE", "DELETE"):
            drop_trigger(connection, "audit", verb)
    return engine


def test_record_many_at_once_make_one_chain(engine):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: write(engine, number), range(24)))

    assert audit.verify(engine) == 24
    assert {deed.actor_id for deed in deeds(engine, 100)} == {f"a{number}" for number in range(24)}


def test_record_is_undone_with_the_deed(engine):
    def fail():
        with writing(engine) as connection:
            record(connection, "a1", "alert.close", "alert1", {}, NOW)
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert deeds(engine, 10) == []


def test_deeds_are_read_page_by_page(chain):
    first = deeds(chain, 3)

    assert [8, 7, 6] == [deed.id for deed in first]
    assert [5, 4] == [deed.id for deed in deeds(chain, 2, before=first[-1].id)]


def tamper(connection, rng):
    """Change the trail as someone would who knows how it is made, and say how."""
    stored = list(connection.execute(select(trail).order_by(trail.c.id)).mappings())
    entries = [audit._deed(row) for row in stored]
    place = int(rng.integers(ENTRIES))
    kind = str(rng.choice(["edit", "delete", "reorder", "cut tail", "re-hash"]))
    if kind == "edit":
        column = str(rng.choice(["actor_id", "action", "subject", "detail", "previous_hash", "entry_hash"]))
        connection.execute(update(trail).where(trail.c.id == place + 1).values({column: "other"}))
        return kind
    if kind == "delete":
        entries = entries[:place] + entries[place + 1 :]
    elif kind == "reorder":
        other = (place + 1 + int(rng.integers(ENTRIES - 1))) % ENTRIES
        entries[place], entries[other] = entries[other], entries[place]
    elif kind == "cut tail":
        entries = entries[:place]
    else:
        entries[place] = replace(entries[place], subject="other")
    rewrite(connection, entries, anew=kind == "re-hash" or rng.random() < 0.5)
    return kind


def rewrite(connection, entries, *, anew):
    """Store other entries, with their old hashes or with new ones that fit."""
    connection.execute(delete(trail))
    before, rows = GENESIS, []
    for number, entry in enumerate(entries, start=1):
        fitting = replace(entry, id=number, previous_hash=before) if anew else entry
        rows.append(vars(fitting) | {"entry_hash": fitting.hash})
        before = fitting.hash
    if rows:
        connection.execute(insert(trail), rows if anew else sorted(rows, key=lambda row: row["id"]))


def missed_of(engine, heads, count):
    """Tamper many times and return what was not found."""
    rng, missed = np.random.default_rng(5), []
    for _ in range(count):
        with engine.connect() as connection, connection.begin() as transaction:
            before = connection.execute(select(trail).order_by(trail.c.id)).all()
            kind = tamper(connection, rng)
            unchanged = connection.execute(select(trail).order_by(trail.c.id)).all() == before
            try:
                audit._verify(connection, heads)
            except StoreError:
                pass
            else:
                missed += [] if unchanged else [kind]
            transaction.rollback()
    return missed


def test_verify_finds_every_tampering_before_the_last_head(chain, tmp_path):
    home = Home(tmp_path / "home")
    write_head(home, chain, tmp_path, NOW)
    heads = audit_heads(read_heads(home, tmp_path))

    assert missed_of(chain, heads, 500) == []
    assert {"cut tail", "re-hash", "delete", "reorder"} == set(missed_of(chain, (), 100)), "without a head a chain that fits is believed"


def test_verify_of_the_tables_as_they_are_finds_nothing(chain, tmp_path):
    home = Home(tmp_path / "home")
    for _ in range(2):
        write_head(home, chain, tmp_path, NOW)
        write(chain, 9)

    assert audit.verify(chain, audit_heads(read_heads(home, tmp_path))) == ENTRIES + 2
