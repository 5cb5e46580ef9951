"""Published lists in memory: the newest one is swapped in whole, older ones are read from the ledger when asked for."""

import json
import logging
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import RLock

from sqlalchemy import Engine

from features.errors import DamagedError
from serving.accounts.permissions import Scope
from serving.rankings.entries import Body, Entry, ListHead
from serving.rankings.ledger import find, newest, read_body
from serving.rankings.publishing import Audit, Pause, last_audit, paused, released_at
from serving.rankings.schemas import Level, place_of
from serving.server.auth import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """Entry of a list, with its head as JSON."""

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
    _rows: dict[tuple[Level, str], list[bytes]]
    """JSON of the rows of a level that stand at or below a node of the grid tree, in published order."""

    @classmethod
    def of(cls, entry: Entry, body: Body) -> "PublishedList":
        """Return a list from the ledger."""
        rows: dict[tuple[Level, str], list[bytes]] = {}
        for level, placed in body.items():
            for row in placed:
                content = row.body.encode()
                for node in _nodes_above(place_of(json.loads(content))):
                    rows.setdefault((level, node), []).append(content)
        return cls(Head.of(entry), rows)

    def within(self, scope: Scope, level: Level, node: str | None = None) -> Sequence[bytes]:
        """Return the rows of a level that stand in a scope, and at or below a node where one is given."""
        common = scope.meet(Scope(node or ""))
        return self._rows.get((level, common.path), ()) if common else ()


@dataclass(frozen=True)
class _Due:
    listed: PublishedList
    at: datetime


CLOCKS_APART = timedelta(hours=1)
"""Largest difference of the clocks of two machines; a list that was published later than that is of a clock that ran ahead."""
LISTS_AT_ONCE = 7
"""Most lists that one look reads until it meets one that is as it was published; the next look goes on from there."""


class RankingCache:
    """The newest list, and the few that were asked for last.

    A list is shown from `lead` after its publication or release on: processes that share a database and look more often than that show it
    from the same moment on, so that nobody who asks now the one, now the other sees an older list again.
    """

    def __init__(self, engine: Engine, kept: int, now: Clock, lead: timedelta) -> None:
        self.engine = engine
        self.pause: Pause | None = None
        self.audit: Audit | None = None
        """Audit of the model published last."""
        self.damaged: dict[int, str] = {}
        """Entries of the ledger that are not what was published and so not shown, and what is wrong with them."""
        self.fault: str | None = None
        """What is wrong with the newest entry; None where it is sound."""
        self._kept = kept
        self._now = now
        self._lead = lead
        self._due: tuple[_Due, ...] = ()
        """The list that is shown, and after it those whose moment is to come."""
        self._read: OrderedDict[str, PublishedList] = OrderedDict()
        self._lock = RLock()

    @property
    def current(self) -> PublishedList | None:
        """The newest list whose moment has come."""
        now = self._now()
        return next((due.listed for due in reversed(self._due) if due.at <= now), None)

    def refresh(self) -> None:
        """Take the newest list if there is a newer one, and look whether lists are shown and made; whoever reads the one before keeps it.

        A list that is not what was published is left out, loudly, and the one before it is taken.

        Raises:
            StoreError: the ledger cannot be read; the list before stays.
        """
        with self._lock:  # a slower look, begun earlier, must not bring back an older list
            self.pause, self.audit = paused(self.engine), last_audit(self.engine)
            newest_of_all = entry = self._newest()
            for _ in range(LISTS_AT_ONCE):
                if entry is None or self._is_last(entry) or self._show(entry):
                    break
                entry = self._newest(without=self.damaged)
            self.fault = self.damaged.get(newest_of_all.id) if newest_of_all else None

    def require_sound(self) -> None:
        """Make sure that the newest entry is what was published.

        Raises:
            DamagedError: it is not, so an older list is shown, or none.
        """
        if self.fault:
            raise DamagedError(self.fault)

    def on(self, as_of: date | None, target: str | None) -> PublishedList | None:
        """Return the newest list, or that of a date and target; None where none was published."""
        if as_of is None and target is None:
            return self.current
        entry = newest(self.engine, as_of, target)
        return self.take(entry) if entry else None

    def named(self, ranking_id: str) -> PublishedList:
        """Return a list by its name.

        Raises:
            NotFoundError: there is none of that name.
        """
        return self._read.get(ranking_id) or self.take(find(self.engine, ranking_id))

    def _newest(self, without: Collection[int] = ()) -> Entry | None:
        return newest(self.engine, until=self._now() + CLOCKS_APART, without=without)

    def _is_last(self, entry: Entry) -> bool:
        return bool(self._due) and entry.ranking_id == self._due[-1].listed.head.ranking_id

    def _show(self, entry: Entry) -> bool:
        """Let a list be the newest from its moment on; return False where it is not what was published."""
        if entry.id in self.damaged:
            return False
        try:
            self._add(self.take(entry))
        except DamagedError as error:
            log.error("a published list is damaged and not shown: %s", error)  # noqa: TRY400 - where it was noticed says nothing
            self.damaged[entry.id] = str(error)
            return False
        return True

    def _add(self, listed: PublishedList) -> None:
        now, entry = self._now(), listed.head.entry
        out = min(released_at(self.engine, entry.id) or entry.published_at, now)
        shown = [due for due in self._due if due.at <= now]
        self._due = (*shown[-1:], *self._due[len(shown) :], _Due(listed, out + self._lead))

    def take(self, entry: Entry) -> PublishedList:
        """Return the list of an entry, from memory where it was asked for lately."""
        with self._lock:
            taken = self._read.pop(entry.ranking_id, None) or PublishedList.of(entry, read_body(self.engine, entry))
            self._read[entry.ranking_id] = taken
            while len(self._read) > self._kept:
                self._read.popitem(last=False)
            return taken


def _nodes_above(place: str) -> Iterator[str]:
    """Yield the whole, the areas that a place lies in, and the place itself.

    >>> list(_nodes_above("d/t"))
    ['', 'd', 'd/t']
    """
    yield ""
    codes = place.split("/")
    yield from ("/".join(codes[:depth]) for depth in range(1, len(codes) + 1) if place)
