import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import numpy as np
import pytest
from sqlalchemy import text

from features.errors import NotFoundError, StoreError
from serving.accounts.permissions import EVERYTHING, Scope
from serving.rankings import ledger
from serving.rankings.entries import Origin, PublishedRow
from serving.rankings.ledger import find, history, newest, publish, read_body, read_row, verify
from tests.support.databases import drop_trigger

hold = ledger._hold
NOW = datetime(2026, 1, 9, 6, tzinfo=UTC)
ORIGIN = Origin(
    as_of=date(2026, 1, 9), target="escalation", horizon_days=14, model_hash="a" * 64, model_version="1", sequence=100,
    data_through=datetime(2026, 1, 8, 16, tzinfo=UTC), code_version="0.1.0", seed=0,
)  # fmt: skip


def grid_row(grid_id, score):
    return json.dumps({"grid_id": grid_id, "community": "d/t", "score": score})


def body_of(*scores):
    return {
        "grid": [PublishedRow(f"g{number}", grid_row(f"g{number}", score)) for number, score in enumerate(scores)],
        "township": [PublishedRow("d/t", '{"path":"d/t"}')],
    }


@pytest.fixture
def chain(engine):
    """Five days, one of them revised."""
    for day in range(5):
        publish(engine, replace(ORIGIN, as_of=ORIGIN.as_of + timedelta(days=day)), body_of(day, 2, 3), NOW + timedelta(days=day))
    publish(engine, replace(ORIGIN, sequence=101), body_of(7, 2, 3), NOW + timedelta(days=5))
    return engine


def test_publish_again_returns_the_entry_that_stands(engine):
    first = publish(engine, ORIGIN, body_of(1, 2), NOW)

    again = publish(engine, replace(ORIGIN, sequence=200, code_version="0.1.1"), body_of(1, 2), NOW + timedelta(hours=1))

    assert first == again == verify(engine)
    assert (first.id, first.revision) == (1, 0)


@pytest.mark.parametrize(
    ("origin", "body"),
    [
        (replace(ORIGIN, sequence=101), body_of(1, 3)),
        (replace(ORIGIN, model_hash="b" * 64), body_of(1, 2)),
        (replace(ORIGIN, seed=1), body_of(1, 2)),
    ],
)
def test_publish_other_outcome_is_a_new_revision_beside_the_old(engine, origin, body):
    first = publish(engine, ORIGIN, body_of(1, 2), NOW)

    second = publish(engine, origin, body, NOW)

    assert (2, 1, first.hash) == (second.id, second.revision, second.previous_hash)
    assert body_of(1, 2) == read_body(engine, first)
    assert body == read_body(engine, second)
    assert second == newest(engine) == newest(engine, ORIGIN.as_of, "escalation")


def test_publish_of_one_list_by_many_at_once_leaves_one_entry(engine):
    with ThreadPoolExecutor(8) as threads:
        entries = list(threads.map(lambda _: publish(engine, ORIGIN, body_of(1, 2), NOW), range(24)))

    assert {entries[0]} == set(entries)
    assert entries[0] == verify(engine)


def test_reading_by_name_place_and_grid(chain):
    last = newest(chain)

    assert last == find(chain, last.ranking_id)
    assert read_row(chain, Scope("d/t"), last, "grid", "g1") == grid_row("g1", 2)
    assert read_row(chain, EVERYTHING, last, "grid", "nowhere") is None
    assert read_row(chain, Scope("d/t2"), last, "grid", "g1") is None
    assert newest(chain, date(2020, 1, 1)) is None
    assert [json.loads(body)["score"] for _, body in history(chain, Scope("d"), "g0", "escalation", limit=9)] == [4, 3, 2, 1, 7]
    assert len(history(chain, EVERYTHING, "g0", "escalation", limit=2)) == 2
    assert history(chain, Scope("d/t2"), "g0", "escalation", limit=2) == []


@pytest.mark.parametrize("name", ["0" * 16, "", "%", "zz"])
def test_find_unknown_name_is_not_found(chain, name):
    with pytest.raises(NotFoundError):
        find(chain, name)


@pytest.mark.parametrize("statement", ["UPDATE ranking SET seed = 1", "DELETE FROM ranking_row", "UPDATE ranking_row SET body = ''"])
def test_tables_refuse_changes(chain, statement):
    with pytest.raises(Exception, match="append-only"), chain.begin() as connection:
        connection.execute(text(statement))


def drop_triggers(engine):
    """Take away what refuses changes, as someone with the file in hand can."""
    with engine.begin() as connection:
        for table, verb in product(("ranking", "ranking_row"), ("UPDATE", "DELETE")):
            drop_trigger(connection, table, verb)


def change(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


COLUMNS = ("seed = seed + 1", "published_at = published_at + 1", "model_version = '9'", "previous_hash = '0'", "entry_hash = '0'")


def random_tampering(rng):
    entry, row, column = rng.integers(1, 7), rng.integers(0, 3), rng.choice(COLUMNS)
    of_entry = f"ranking_id = {entry} AND level = 'grid'"
    return rng.choice(
        [
            f"UPDATE ranking SET {column} WHERE id = {entry}",
            f"UPDATE ranking_row SET body = '{{}}' WHERE {of_entry} AND position = {row}",
            f"UPDATE ranking_row SET place = 'g9' WHERE {of_entry} AND position = {row}",
            f"UPDATE ranking_row SET position = position + 10 WHERE {of_entry} AND position < 2",
            f"DELETE FROM ranking_row WHERE ranking_id = {entry} AND level = 'township'",
            f"INSERT INTO ranking_row VALUES ({entry}, 'grid', 3, 'g3', '{{}}', 'd/t/g3')",
        ]
    )


def test_verify_finds_every_random_tampering_with_rows(chain):
    rng, missed = np.random.default_rng(5), []
    drop_triggers(chain)
    for _ in range(100):
        statement = str(random_tampering(rng))
        with chain.connect() as connection:
            connection.execute(text(statement))
            try:
                ledger._verify(connection, ())
            except StoreError:
                pass
            else:
                missed.append(statement)
            connection.rollback()

    assert missed == []
    assert verify(chain).id == 6


def test_verify_cut_tail_is_found_by_a_head_kept_elsewhere_only(chain):
    head = newest(chain, ORIGIN.as_of).hash
    drop_triggers(chain)
    change(chain, "DELETE FROM ranking_row WHERE ranking_id = 6", "DELETE FROM ranking WHERE id = 6")

    assert verify(chain).id == 5
    with pytest.raises(StoreError, match="head"):
        verify(chain, [head])


def test_verify_earlier_head_is_still_in_the_chain(chain):
    head = newest(chain, ORIGIN.as_of + timedelta(days=3)).hash

    assert verify(chain, [head]).id == 6


def test_verify_forged_entry_with_a_fitting_hash_is_given_away_by_the_next(chain, monkeypatch):
    entry = newest(chain, ORIGIN.as_of + timedelta(days=2))
    forged = replace(entry, published_at=entry.published_at - timedelta(microseconds=1))
    drop_triggers(chain)
    change(chain, f"UPDATE ranking SET published_at = published_at - 1, entry_hash = '{forged.hash}' WHERE id = {entry.id}")

    with pytest.raises(StoreError, match=r"entry 4 .* does not follow"):
        verify(chain)
    monkeypatch.setattr(ledger, "_hold", lambda condition, entry, fault: "follow" in fault or hold(condition, entry, fault))
    assert verify(chain).id == 6, "without the link nobody would notice"
