"""Published lists in memory: the newest one is swapped in whole, older ones are read from the ledger when asked for."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock

from sqlalchemy import Engine

from serving.api.models import ListHead
from serving.entry import Body, Entry
from serving.ledger import find, newest, read_body
from serving.rollups import AREA_LEVELS
from serving.rows import Level

Positions = Sequence[int]


@dataclass(frozen=True)
class Head:
    """What a list is about."""

    entry: Entry
    ranking_id: str
    json: bytes
    """Its `ListHead`."""

    @classmethod
    def of(cls, entry: Entry) -> "Head":
        """Return the head of an entry of the ledger."""
        return cls(entry, entry.ranking_id, ListHead.of(entry).model_dump_json().encode())


@dataclass(frozen=True)
class PublishedList:
    """One list as bytes, checked against the ledger when it was read."""

    head: Head
    rows: dict[Level, list[bytes]]
    """JSON of its rows, in published order."""
    inside: dict[tuple[Level, str], list[int]]
    """Level and path of an area -> which rows of that level lie in it, in order."""

    @classmethod
    def of(cls, entry: Entry, body: Body) -> "PublishedList":
        """Return a list from the ledger."""
        inside: dict[tuple[Level, str], list[int]] = {}
        for level, placed in body.items():
            for position, row in enumerate(placed):
                for area in _areas_of(level, json.loads(row.body)):
                    inside.setdefault((level, area), []).append(position)
        return cls(Head.of(entry), {level: [row.body.encode() for row in placed] for level, placed in body.items()}, inside)

    def positions(self, level: Level, parent: str | None) -> Positions:
        """Return which rows of a level lie in an area, in order; all of them without one."""
        return self.inside.get((level, parent), ()) if parent else range(len(self.rows.get(level, ())))


class Shelf:
    """The newest list, and the few that were asked for last."""

    def __init__(self, engine: Engine, kept: int) -> None:
        self.engine = engine
        self.current: PublishedList | None = None
        self._kept = kept
        self._read: OrderedDict[str, PublishedList] = OrderedDict()
        self._lock = Lock()

    def refresh(self) -> None:
        """Swap in the newest list if there is a newer one; whoever reads the one before keeps it.

        Raises:
            StoreError: the ledger cannot be read, or the list is not what was published; the one before stays.
        """
        entry = newest(self.engine)
        if entry and (self.current is None or entry.ranking_id != self.current.head.ranking_id):
            self.current = self._take(entry)

    def on(self, as_of: date | None, target: str | None) -> PublishedList | None:
        """Return the newest list, or that of a date and target; None where none was published."""
        if as_of is None and target is None:
            return self.current
        entry = newest(self.engine, as_of, target)
        return self._take(entry) if entry else None

    def named(self, ranking_id: str) -> PublishedList:
        """Return a list by its name.

        Raises:
            NotFoundError: there is none of that name.
        """
        return self._read.get(ranking_id) or self._take(find(self.engine, ranking_id))

    def _take(self, entry: Entry) -> PublishedList:
        with self._lock:
            taken = self._read.pop(entry.ranking_id, None) or PublishedList.of(entry, read_body(self.engine, entry))
            self._read[entry.ranking_id] = taken
            while len(self._read) > self._kept:
                self._read.popitem(last=False)
            return taken


def _areas_of(level: Level, row: dict[str, str | None]) -> Iterator[str]:
    """Yield the paths of the areas that a row lies in."""
    if level == "grid":
        yield from (path for name in AREA_LEVELS if (path := row[name]) is not None)
        return
    codes = str(row["path"]).split("/")
    yield from ("/".join(codes[:depth]) for depth in range(1, len(codes)))
