"""A connection to PostgreSQL that breaks leaves an outcome that nobody knows; the same key tells it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import Engine, func, select

from features.database.engine import open_database, reading
from features.database.tables import batch, event, event_transition, quarantine
from features.errors import StoreError
from features.eventlog.append import Batch, BatchCounts, append_batch
from features.eventlog.read import log_state
from tests.conftest import fill_cases
from tests.support.cut_connections import Relay, relayed

pytestmark = pytest.mark.dialect("postgresql")

FIRST, REPEATED = BatchCounts(read=3, accepted=2, duplicate=0, quarantined=1), BatchCounts(read=3, accepted=0, duplicate=2, quarantined=1)


@pytest.fixture
def relayed_engine(engine: Engine) -> Iterator[tuple[Relay, Engine]]:
    """A database that is reached by way of a relay."""
    with relayed(engine.url.render_as_string(hide_password=False)) as (relay, url):
        opened = open_database(url)
        yield relay, opened
        opened.dispose()


def batch_of(key: str) -> Batch:
    """Return two cases, new ones but for the attempt that the key may name, both resolved, and a refused row."""
    cases = fill_cases(*({"event_id": f"{key.partition('/')[0]}-{case}"} for case in "ab"))
    return Batch(key, "hotline", cases.with_columns(resolved_at="reported_at"), [(9, "grid_id", "GRID_UNKNOWN", "h")], 3)


def send_under_cuts(relay: Relay, engine: Engine, *, delivered: bool, key_of: Callable[[int, int], str]) -> list[tuple[bytes, BatchCounts]]:
    """Send batches, each cut one message later than the one before, until one runs through, and one cut at its COMMIT.

    Return what was cut, and the answer in the end. How much a message holds is up to the network.
    """
    told: list[tuple[bytes, BatchCounts]] = []
    while not told or told[-1][0]:
        told.append(send_cut(relay, engine, partial(relay.cut_at, len(told) + 1, delivered=delivered), partial(key_of, len(told))))
    return [*told, send_cut(relay, engine, partial(relay.cut_at_commit, delivered=delivered), partial(key_of, len(told)))]


def send_cut(relay: Relay, engine: Engine, cut: Callable[[], None], key_of: Callable[[int], str]) -> tuple[bytes, BatchCounts]:
    """Send one batch, twice where the first time fails."""
    log_state(engine)  # connects
    cut()
    try:
        answer = append_batch(engine, batch_of(key_of(1)))
    except StoreError:
        answer = append_batch(engine, batch_of(key_of(2)))
    relay.stop_cutting()
    return relay.cut or b"", answer


def stored(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (batch, event, event_transition, quarantine)
        }


def once(batches: int) -> dict[str, int]:
    return {"batch": batches, "event": 2 * batches, "event_transition": 2 * batches, "quarantine": batches}


@pytest.mark.parametrize("delivered", [False, True])
def test_append_batch_cut_at_any_message_is_resolved_by_its_key(
    relayed_engine: tuple[Relay, Engine], record_property: Callable[[str, object], None], *, delivered: bool
) -> None:
    relay, engine = relayed_engine
    told = send_under_cuts(relay, engine, delivered=delivered, key_of=lambda number, _: f"k{number}")

    commits = [answer for cut, answer in told if b"COMMIT" in cut]
    record_property("messages to PostgreSQL at which a batch was cut, those of a COMMIT", f"{len(told) - 1}, {len(commits)}")
    assert {REPEATED if delivered else FIRST} == set(commits)
    assert {FIRST} == {answer for cut, answer in told if b"COMMIT" not in cut}
    assert once(len(told)) == stored(engine)
    assert 4 * len(told) == log_state(engine).sequence


def test_append_batch_cut_in_its_commit_and_repeated_under_a_new_key_is_caught(relayed_engine: tuple[Relay, Engine]) -> None:
    """The broken variant: a broken connection is taken to mean that nothing was stored."""
    relay, engine = relayed_engine
    told = send_under_cuts(relay, engine, delivered=True, key_of=lambda number, attempt: f"k{number}/{attempt}")

    assert once(len(told)) != stored(engine)
