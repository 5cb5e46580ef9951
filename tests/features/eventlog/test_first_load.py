"""The first load of a log leaves the same log as batches stored one by one, whatever comes between."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, inspect, select

from features.database.bulk import insert_rows
from features.database.engine import open_database, writing
from features.database.tables import event, event_transition, grid, sequence
from features.errors import StoreError
from features.eventlog import first_load as module
from features.eventlog.append import Batch, BatchCounts, append_batch
from features.eventlog.first_load import FEWEST_ROWS, FirstLoad, first_load
from features.schema import Col

pytestmark = pytest.mark.dialect("sqlite")


def send(engine: Engine, key: str, cases: pl.DataFrame, load: FirstLoad | None = None) -> BatchCounts:
    return append_batch(engine, Batch(key, "hotline", cases, [], len(cases)), load)


def stored(engine: Engine) -> list[list[tuple]]:
    """All that batches leave, without the moment of a correction."""
    tables = (event, event_transition.c["seq", "event_seq", "action", "grid_id", "category"], sequence)
    with engine.connect() as connection:
        return [sorted(tuple(row) for row in connection.execute(select(table))) for table in tables]


def is_indexed(engine: Engine) -> bool:
    return any(index["name"] == "uq_event_event_id" for index in inspect(engine).get_indexes("event"))


@pytest.fixture
def batches(make_cases: Callable[..., pl.DataFrame]) -> list[pl.DataFrame]:
    """Four batches with a repetition, news of a case of the first, a correction and a contradiction."""
    resolved = make_cases({})[Col.REPORTED_AT][0]
    return [
        make_cases({}, {}, {}),
        make_cases({"event_id": "c4"}, {"event_id": "c1", "resolved_at": resolved}, {"event_id": "c2"}, {"event_id": "c4"}),
        make_cases({"event_id": "c3", "grid_id": "g2"}, {"event_id": "c4", "event_type": "other"}, {"event_id": "c5"}),
        make_cases({"event_id": "c1", "resolved_at": resolved}, {"event_id": "c6"}),
    ]


@pytest.fixture
def one_by_one(batches: list[pl.DataFrame], tmp_path: Path) -> Iterator[tuple[list[BatchCounts], list[list[tuple]]]]:
    """The answers and the log of a database that has its index all the time."""
    engine = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    with writing(engine) as connection:
        insert_rows(connection, grid, pl.DataFrame({"grid_id": ["g1", "g2", "g3"], "name": "", "parent_path": "t1"}))
    yield [send(engine, f"k{place}", cases) for place, cases in enumerate(batches)], stored(engine)
    engine.dispose()


def test_first_load_leaves_what_single_batches_leave(engine: Engine, batches, one_by_one) -> None:
    with first_load(engine, FEWEST_ROWS) as load:
        without = is_indexed(engine)
        answers = [send(engine, f"k{place}", cases, load) for place, cases in enumerate(batches)]

    assert (False, True) == (without, is_indexed(engine))
    assert one_by_one == (answers, stored(engine))


def test_first_load_ids_of_one_hash_are_told_apart(engine: Engine, batches, one_by_one, monkeypatch) -> None:
    monkeypatch.setattr(pl.Series, "hash", lambda ids: pl.Series([7] * len(ids), dtype=pl.UInt64))

    with first_load(engine, FEWEST_ROWS) as load:
        answers = [send(engine, f"k{place}", cases, load) for place, cases in enumerate(batches)]

    assert one_by_one == (answers, stored(engine))


def test_first_load_another_writer_between_its_batches_is_seen(engine: Engine, batches, one_by_one) -> None:
    with first_load(engine, FEWEST_ROWS) as load:
        answers = [send(engine, "k0", batches[0], load), send(engine, "k1", batches[1])]
        answers += [send(engine, f"k{place}", batches[place], load) for place in (2, 3)]
        assert is_indexed(engine)

    assert one_by_one == (answers, stored(engine))


def test_first_load_beyond_its_room_goes_on_with_the_index(engine: Engine, batches, one_by_one, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_CASES", 3)

    with first_load(engine, FEWEST_ROWS) as load:
        answers = [send(engine, f"k{place}", cases, load) for place, cases in enumerate(batches)]

    assert one_by_one == (answers, stored(engine))


def test_first_load_that_fails_leaves_the_index(engine: Engine, batches) -> None:
    with pytest.raises(StoreError, match="account for"), first_load(engine, FEWEST_ROWS) as load:
        append_batch(engine, Batch("k0", "hotline", batches[0], [], 1), load)

    assert is_indexed(engine)


def test_first_load_that_was_killed_is_gone_on_with_after_the_index_is_made(engine: Engine, batches, one_by_one) -> None:
    killed = first_load(engine, FEWEST_ROWS)
    answers = [send(engine, "k0", batches[0], killed.__enter__())]

    with first_load(engine, FEWEST_ROWS) as load:
        assert (load, is_indexed(engine)) == (None, True)
        answers += [send(engine, f"k{place}", batches[place], load) for place in (1, 2, 3)]

    assert one_by_one == (answers, stored(engine))


@pytest.mark.parametrize("rows", [FEWEST_ROWS - 1, FEWEST_ROWS])
def test_first_load_few_rows_or_a_log_with_cases_keep_the_index(engine: Engine, batches, rows) -> None:
    if rows == FEWEST_ROWS:
        send(engine, "k0", batches[0])

    with first_load(engine, rows) as load:
        assert (load, is_indexed(engine)) == (None, True)
