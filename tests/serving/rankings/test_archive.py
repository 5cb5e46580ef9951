import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text

from features.database.engine import reading, writing
from features.database.sqlite_file import compact
from features.database.tables import archived_list, ranking_row
from features.database.triggers import missing_guards
from features.errors import StoreError
from serving.accounts.permissions import EVERYTHING, Scope
from serving.accounts.row_security import reading_within
from serving.rankings import archive as archiving
from serving.rankings.archive import archive
from serving.rankings.entries import PublishedRow
from serving.rankings.ledger import entries, find, history, publish, read_body, read_first, read_row, verify
from tests.serving.rankings.test_ledger import NOW, ORIGIN, body_of, grid_row
from tests.support.audit_entries import newest_entries
from tests.support.databases import drop_trigger

FIRST = date(2025, 12, 20)
BEFORE = date(2026, 1, 10)
LATER = NOW + timedelta(days=60)


@pytest.fixture
def chain(engine, tmp_path):
    """Fifty-two days across two months and the year's end; the second was revised last."""
    engine.update_execution_options(archive=tmp_path / "archive")
    for day in range(52):
        publish(engine, replace(ORIGIN, as_of=FIRST + timedelta(days=day)), body_of(day, 2, 3), NOW + timedelta(days=day))
    publish(engine, replace(ORIGIN, as_of=FIRST + timedelta(days=1), sequence=101), body_of(99, 2), LATER)
    return engine


def stored_lists(engine):
    with reading(engine) as connection:
        return set(connection.execute(select(ranking_row.c.ranking_id)).scalars())


def test_archive_moves_lists_month_by_month_and_the_chain_holds(chain, tmp_path):
    last = verify(chain)

    made = archive(chain, BEFORE, LATER)

    assert [("lists-2025-12-", 13), ("lists-2026-01-", 9)] == [(each.name[:14], each.lists) for each in made]
    assert sorted(each.name for each in made) == sorted(path.name for path in (tmp_path / "archive").iterdir())
    assert stored_lists(chain) == set(range(22, 53))
    assert last == verify(chain, [entry.hash for entry in entries(chain)])
    assert missing_guards(chain) == []
    assert archive(chain, BEFORE, LATER) == []


def test_archived_lists_are_read_as_before(chain):
    first, revised = entries(chain)[0], entries(chain)[-1]
    before = history(chain, Scope("d"), "g0", "escalation", limit=60)

    archive(chain, BEFORE, LATER)

    assert read_body(chain, first) == body_of(0, 2, 3)
    assert read_body(chain, find(chain, revised.ranking_id)) == body_of(99, 2)
    assert read_row(chain, EVERYTHING, first, "grid", "g1") == grid_row("g1", 2)
    assert [read_first(chain, each, "grid", 1) for each in (first, revised)] == [([grid_row("g0", 0)], 3), ([grid_row("g0", 99)], 2)]
    assert read_row(chain, EVERYTHING, first, "grid", "nowhere") is None
    assert read_row(chain, Scope("d/t2"), first, "grid", "g1") is None
    assert history(chain, Scope("d"), "g0", "escalation", limit=60) == before
    assert [json.loads(body)["score"] for _, body in before][-2:] == [99, 0]


def test_archive_keeps_the_act_in_the_audit_trail(chain):
    (december, _) = archive(chain, BEFORE, LATER)

    deed = newest_entries(chain, limit=2)[-1]

    assert (deed.action, deed.subject, json.loads(deed.detail)["sha256"]) == ("ledger.archive", december.name, december.sha256)
    assert json.loads(deed.detail)["lists"] == [1, 2, 53, *range(3, 13)]


def test_archive_leaves_the_newest_dates_whatever_is_asked_for(chain):
    archive(chain, date(2027, 1, 1), LATER)

    assert stored_lists(chain) == set(range(22, 53))


def test_rows_of_a_list_that_is_not_archived_cannot_be_deleted(chain):
    archive(chain, BEFORE, LATER)

    for number in (22, 52):
        with pytest.raises(StoreError, match="append-only"), writing(chain) as connection:
            connection.execute(delete(ranking_row).where(ranking_row.c.ranking_id == number))


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9] + b"123456789")])
def test_verify_finds_a_missing_or_changed_file(chain, tmp_path, harm):
    (made, _) = archive(chain, BEFORE, LATER)
    path = tmp_path / "archive" / made.name
    path.chmod(0o600)

    harm(path)

    with pytest.raises(StoreError, match=made.name):
        verify(chain)
    assert verify(chain, newest=0).id == 53, "the chain itself stands in the database"


def test_verify_finds_a_file_that_was_written_anew_with_other_rows(chain, tmp_path, monkeypatch):
    """Whoever can change file, hash and database alike is given away by the hash in the chain."""
    (made, _) = archive(chain, BEFORE, LATER)
    path = tmp_path / "archive" / made.name
    table = archiving.pq.read_table(path)
    bodies = [body.replace("99", "1") for body in table["body"].to_pylist()]
    path.chmod(0o600)
    archiving.pq.write_table(table.set_column(4, "body", [bodies]), path)
    with chain.begin() as connection:
        drop_trigger(connection, "archived_list", "UPDATE")
        digest = archiving.sync_and_hash(path)
        connection.execute(text(f"UPDATE archived_list SET sha256 = '{digest}' WHERE file = '{made.name}'"))

    with pytest.raises(StoreError, match=r"entry 53 .* its rows were changed"):
        verify(chain)


def test_archive_of_a_changed_list_is_refused_and_takes_nothing(chain, tmp_path):
    with chain.begin() as connection:
        drop_trigger(connection, "ranking_row", "UPDATE")
        connection.execute(text("UPDATE ranking_row SET place = 'g9' WHERE ranking_id = 3 AND position = 1"))

    with pytest.raises(StoreError, match="entry 3 "):
        archive(chain, BEFORE, LATER)
    assert stored_lists(chain) == set(range(1, 54))
    assert list((tmp_path / "archive").iterdir()) == []


def test_rows_stay_when_the_file_does_not_hold_them(chain, monkeypatch):
    """Nothing leaves the database before it was read back from the file."""
    write = archiving._write_file
    monkeypatch.setattr(archiving, "_write_file", lambda engine, folder, month, lists: write(engine, folder, month, lists[:-1]))

    with pytest.raises(StoreError, match="its rows were changed"):
        archive(chain, BEFORE, LATER)
    assert stored_lists(chain) == set(range(1, 54))


def test_archived_list_without_its_home_is_told(chain):
    archive(chain, BEFORE, LATER)
    chain.update_execution_options(archive=None)

    with pytest.raises(StoreError, match="home"):
        read_body(chain, entries(chain)[0])


@pytest.mark.dialect("sqlite")
def test_compact_gives_back_the_room_of_archived_lists(chain, tmp_path):
    for day in range(3):
        rows = [PublishedRow(f"g{number}", grid_row(f"g{number}", day)) for number in range(4000)]
        publish(chain, replace(ORIGIN, as_of=FIRST - timedelta(days=day + 1)), {"grid": rows}, NOW)
    with reading(chain) as connection:
        before = connection.execute(text("PRAGMA page_count")).scalar_one()
    archive(chain, FIRST, LATER)

    compact(chain)

    with reading(chain) as connection:
        assert connection.execute(text("PRAGMA page_count")).scalar_one() * 2 < before
    assert verify(chain).id == 56


def test_rows_that_were_stored_before_compression_are_read_within_their_scope(engine):
    """They have no path of their own, and their JSON stands there as text."""
    publish(engine, ORIGIN, body_of(1, 2), NOW)
    plain = "convert_to(:body, 'UTF8')" if engine.dialect.name == "postgresql" else ":body"
    added = f"INSERT INTO ranking_row (ranking_id, level, position, place, body) VALUES (1, 'grid', 7, 'g7', {plain})"
    row = json.dumps({"grid_id": "g7", "community": "d/t", "township": "d", "district": None, "score": "甲"}, ensure_ascii=False)
    with engine.begin() as connection:
        connection.execute(text(added), {"body": row})

    entry = entries(engine)[0]

    assert read_row(engine, Scope("d/t"), entry, "grid", "g7") == row
    assert read_row(engine, Scope("d/t2"), entry, "grid", "g7") is None
    if engine.dialect.name == "postgresql":
        with reading_within(engine, Scope("d/t2")) as connection:
            assert connection.execute(select(func.count()).select_from(ranking_row)).scalar() == 0
        with reading_within(engine, Scope("d/t/g7")) as connection:
            assert connection.execute(select(ranking_row.c.place)).scalars().all() == ["g7"]


def test_list_cannot_be_archived_twice(chain):
    archive(chain, BEFORE, LATER)

    with pytest.raises(StoreError), writing(chain) as connection:
        connection.execute(insert(archived_list), {"ranking_id": 1, "file": "x", "sha256": "x"})
