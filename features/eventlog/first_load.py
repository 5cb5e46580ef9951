"""The first load of a log: ids of cases are known from memory while it lasts, and their index is made at its end.

Ids are random, so that a batch of them touches half the pages of an index of millions: kept up to date, it would make every batch
slower than the one before. A load that is killed leaves no index; the next ingest makes it before it stores anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlalchemy import Connection, Engine

from features.database.engine import reading, writing
from features.database.tables import event_id_index
from features.eventlog.sequence import lock_sequence

MOST_CASES = 16_000_000
"""Cases that are known from memory, 8 bytes each; beyond, the index is made and kept up to date."""
MOST_IN_RUN = 1_000_000
FEWEST_ROWS = 100_000
"""Smaller files are stored faster with the index."""

_Hashes = npt.NDArray[np.uint32]
_Numbers = npt.NDArray[np.uint32]
_Run = tuple[_Hashes, _Numbers]
"""Hashes of ids in their order, and the sequence numbers of their cases."""

_NONE = np.empty(0, np.uint32)


class FirstLoad:
    """The ids of the cases that one load has stored, while the log has no index of them."""

    def __init__(self) -> None:
        self._last = self._cases = 0
        self._runs: list[_Run] = []
        self._knows_all = True

    def numbers_of(self, connection: Connection, event_ids: pl.Series, last: int) -> pl.Series | None:
        """Return the sequence numbers of the cases that may have one of these ids; of those that have one, none is missing.

        None from when on the index has to be asked, which is made then: somebody else has written up to `last`, or there is no room.
        """
        if last != self._last or self._cases > MOST_CASES:
            self._knows_all = False
            self._runs.clear()
            _create_index(connection)
        if not self._knows_all:
            return None
        wanted = np.sort(_hashes(event_ids))
        return pl.Series(np.concatenate([_NONE, *(_find(wanted, *run) for run in self._runs)]))

    def add(self, event_ids: pl.Series, before: int, last: int) -> None:
        """Note new cases that are stored for good, numbered from the one after `before`, and the last number of the log since."""
        self._last, self._cases = last, self._cases + len(event_ids)
        if not self._knows_all:
            return
        numbers = np.arange(before + 1, before + 1 + len(event_ids), dtype=np.uint32)
        self._runs.append(_ordered(_hashes(event_ids), numbers))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= min(2 * len(self._runs[-1][0]), MOST_IN_RUN):
            (hashes, numbers), (more_hashes, more_numbers) = self._runs.pop(), self._runs.pop()
            self._runs.append(_ordered(np.concatenate([hashes, more_hashes]), np.concatenate([numbers, more_numbers])))


@contextmanager
def first_load(engine: Engine, rows: int) -> Iterator[FirstLoad | None]:
    """Leave out the index of ids while many rows are stored in an empty log; in any other case make it where a killed load left none.

    None: the index is there, and ids are looked up in it. PostgreSQL always has it.
    """
    if rows < FEWEST_ROWS or engine.dialect.name != "sqlite" or not _drop_index(engine):
        make_index(engine)
        yield None
        return
    try:
        yield FirstLoad()
    finally:
        make_index(engine)


def make_index(engine: Engine) -> None:
    """Let the index of ids be there, or the constraint that older logs have in its place."""
    with reading(engine) as connection:
        if _is_indexed(connection):
            return
    with writing(engine) as connection:
        lock_sequence(connection)
        _create_index(connection)


def _create_index(connection: Connection) -> None:
    if not _is_indexed(connection):
        event_id_index.create(connection)


def _drop_index(engine: Engine) -> bool:
    """Drop the index if the log is empty, and tell whether it was."""
    with writing(engine) as connection:
        if lock_sequence(connection):
            return False
        event_id_index.drop(connection, checkfirst=True)
        return True


def _is_indexed(connection: Connection) -> bool:
    return connection.dialect.name != "sqlite" or bool(connection.exec_driver_sql("PRAGMA index_list(event)").all())


def _hashes(event_ids: pl.Series) -> _Hashes:
    """Return the upper half of each hash: of ten million ids one in 400 shares it with another, which costs a look into the log."""
    return (event_ids.hash().to_numpy() >> np.uint64(32)).astype(np.uint32)


def _ordered(hashes: _Hashes, numbers: _Numbers) -> _Run:
    order = np.argsort(hashes, kind="stable")
    return hashes[order], numbers[order]


def _find(wanted: _Hashes, hashes: _Hashes, numbers: _Numbers) -> _Numbers:
    """Return the numbers whose hash is one of the wanted ones; both are sorted, and a hash may stand twice."""
    first = np.searchsorted(hashes, wanted)
    hit = hashes[np.minimum(first, len(hashes) - 1)] == wanted
    after = np.searchsorted(hashes, wanted[hit], side="right")
    return np.concatenate([_NONE, *(numbers[start:end] for start, end in zip(first[hit], after, strict=True))])
