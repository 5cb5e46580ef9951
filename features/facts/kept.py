"""Facts are kept: derived once per sequence number, extended by the news, and derived anew where that cannot be done.

What lies in the home's folder of facts is never trusted: it is used only if it was made by this code, of this log, for this target, and
its bytes are those that were written. A home that cannot be written to derives facts and keeps none.
"""

import logging
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import features.facts
import features.undertakings
from features.eventlog.read import EventLog
from features.eventlog.snapshot import LogSnapshot
from features.facts.codes import Vocabulary
from features.facts.derive import assemble, derive_histories, find_subject
from features.facts.facts import Facts
from features.facts.histories import Histories, Subject, merge_histories, read_histories, uses_all_words
from features.facts.kept_tables import facts_from, facts_tables, histories_from, histories_tables
from features.facts.places import Places
from features.settings import Settings
from features.storage.array_files import DamagedError, read_about, read_arrays, write_arrays
from features.storage.atomic_files import locked

LOG = logging.getLogger(__name__)

FACTS, HISTORIES = "facts", "histories"

Derived = tuple[Histories, Places, Facts]
"""Histories, the places they lie in before any was redrawn, and the facts made of them."""

MOST_NEWS = 0.2
"""Share of the log from which deriving all of it anew is no slower than extending what is kept."""


def read_kept_facts(log: EventLog, target_name: str | None, settings: Settings) -> Facts:
    """Return the facts of a log as `read_facts` derives them, from the kept ones where those reach.

    Raises:
        UsageError: the target is not declared anywhere, or the log holds no record it could count.
    """
    subject = find_subject(log.feeds, target_name, settings)
    shelf = _Shelf(log, subject, settings, log.home.facts / subject.name)
    try:
        with locked(shelf.folder):
            return shelf.take() or shelf.renew()
    except OSError as error:
        LOG.warning("facts of %s cannot be kept in %s: %s; they are derived each time.", subject.name, shelf.folder, error.strerror)
        return shelf.derive()[-1]


@dataclass(frozen=True)
class _Shelf:
    """Location of the kept facts of one subject."""

    log: EventLog
    subject: Subject
    settings: Settings
    folder: Path

    def take(self) -> Facts | None:
        """Return the kept facts where they are those of the log as it stands."""
        about = self._about(FACTS)
        if about is None or about["sequence"] != self.log.state.sequence or not self._is_ours(about):
            return None
        try:
            return facts_from(read_arrays(self.folder / FACTS), about["facts"])
        except DamagedError as error:
            LOG.warning("kept facts of %s are damaged (%s); they are derived anew.", self.subject.name, error)
            return None

    def renew(self) -> Facts:
        """Extend the kept facts by the news, or derive all of them; keep and return them."""
        version = self.log.grids_version  # before the grids are read: a change meanwhile makes what is kept stale, not wrong
        histories, places, facts = self.extend() or self.derive()
        origin = self._origin(facts.sequence, version)
        tables, about = histories_tables(histories, places)
        write_arrays(self.folder / HISTORIES, tables, origin | {"histories": about})
        tables, about = facts_tables(facts)
        write_arrays(self.folder / FACTS, tables, origin | {"facts": about})
        return facts

    def derive(self) -> Derived:
        """Derive the facts of the whole log."""
        snapshot = self.log.read()
        places, histories = derive_histories(snapshot, self.subject, self.settings)
        return histories, places, assemble(histories, places, snapshot, self.subject)

    def extend(self) -> Derived | None:
        """Put the histories that changed in the place of the kept ones; None where all must be derived."""
        about, last = self._about(HISTORIES), self.log.state.sequence
        if about is None or not self._is_ours(about) or not 0 < last - about["sequence"] <= MOST_NEWS * last:
            return None
        if len(self.subject.feeds) < len(self.log.feeds):
            return None  # the news may bring grids that the subject did not have
        try:
            histories, places = histories_from(read_arrays(self.folder / HISTORIES), about["histories"])
        except DamagedError as error:
            LOG.warning("kept histories of %s are damaged (%s); they are derived anew.", self.subject.name, error)
            return None
        changed = self.log.read_changed(about["sequence"])
        merged = self._merged(histories, places, changed)
        return None if merged is None else (merged, places, assemble(merged, places, changed, self.subject))

    def _merged(self, kept: Histories, places: Places, changed: LogSnapshot) -> Histories | None:
        """Put the histories that changed in their places; None where words came or went."""
        merged = kept
        if len(changed.records):
            if not _knows(kept.words, Vocabulary.of_records(changed.records)):
                return None
            merged = merge_histories(kept, read_histories(changed.records, places.grid_ids, self.subject, kept.words))
            if not uses_all_words(merged):
                return None
        return merged

    def _about(self, what: str) -> dict[str, Any] | None:
        try:
            return read_about(self.folder / what)
        except DamagedError as error:
            LOG.warning("kept %s of %s are damaged (%s); they are derived anew.", what, self.subject.name, error)
            return None

    def _is_ours(self, about: dict[str, Any]) -> bool:
        """Tell whether what is kept was made by this code of an earlier state of this log, for this subject and these grids."""
        sequence: int = about["sequence"]
        known = sequence <= self.log.state.sequence
        return known and bool(about["origin"] == self._origin(sequence, self.log.grids_version)["origin"])

    def _origin(self, sequence: int, version: int) -> dict[str, Any]:
        subject, names = self.subject, ("rules", "bursts", "shared_with")
        parts = {
            "code": _code_hash(),
            "last_event": self.log.last_event(sequence),
            "grids": version,
            "target": subject.target.model_dump_json(),
            "parent": subject.parent.model_dump_json() if subject.parent else None,
            "feeds": {name: [repr(getattr(feed, part)) for part in names] for name, feed in sorted(subject.feeds.items())},
            "all_feeds": sorted(self.log.feeds),
            "categories": sorted({*self.settings.categories, *(code for feed in self.log.feeds.values() for code in feed.categories)}),
            "zone": subject.zone,
        }
        return {"sequence": sequence, "origin": parts}


def _knows(words: Vocabulary, others: Vocabulary) -> bool:
    """Tell whether no word is new."""
    return all(set(getattr(others, name)) <= set(getattr(words, name)) for name in ("event_types", "kinds", "sources"))


@cache
def _code_hash() -> str:
    """Return the hash of the code that facts are made by."""
    rooms = (*features.facts.__path__, *features.undertakings.__path__)
    files = [file for room in rooms for file in sorted(Path(room).glob("*.py"))]
    beside = Path(features.facts.__path__[0]).parent
    files += [beside / name for name in ("days.py", "schema.py", "targets.py", "eventlog/snapshot.py")]
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
