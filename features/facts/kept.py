"""Facts are kept as tables of arrays: derived once per sequence number, extended by the news, derived anew where that cannot be done."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

import features.facts
import features.undertakings
from features.eventlog.read import EventLog
from features.eventlog.snapshot import LogSnapshot
from features.facts.arrays import Vocabulary
from features.facts.corrections import Corrections
from features.facts.derive import assemble, derive_histories, find_subject
from features.facts.facts import Cases, Covariates, Facts, Marks, Reporters, Spells
from features.facts.histories import Histories, Subject, merge_histories, read_histories, uses_all_words
from features.facts.places import Level, Places
from features.settings import LogSettings
from features.storage.array_files import DamagedError, read_about, read_arrays, write_arrays
from features.storage.atomic_files import locked
from features.undertakings.in_force import Undertakings

LOG = logging.getLogger(__name__)

FACTS, HISTORIES = "facts", "histories"

Derived = tuple[Histories, Places, Facts]
"""Histories, the places they lie in before any was redrawn, and the facts made of them."""

MOST_NEWS = 0.2
"""Share of the log from which deriving all of it anew is no slower than extending what is kept."""

Array = npt.NDArray[Any]
Table = Mapping[str, Array]
Tables = dict[str, dict[str, Array]]
About = dict[str, Any]
"""Everything that is no array, as JSON can hold it."""
Rows = TypeVar("Rows", Cases, Spells, Marks, Corrections, Undertakings, Covariates)

PLACE_COLUMNS = ("grid_ids", "valid_from", "area_type", "redrawn_day", "households")
SCALARS = ("target_name", "known_through_day", "first_day", "sequence", "visit_days")


def facts_tables(facts: Facts) -> tuple[Tables, About]:
    """Return facts as tables and what stands beside them."""
    tables = {
        "cases": _columns(facts.cases),
        "spells": _columns(facts.spells),
        **_marks(facts),
        "further": _columns(facts.further),
        "undertakings": _columns(facts.undertakings),
        "covariates": _columns(facts.covariates),
        **_place_tables(facts.places),
        "reporters": {str(number): since for number, since in enumerate(facts.reporters.since)},
        "report_days": {"feed": facts.reporters.feed, "day": facts.reporters.day},
    }
    about = {name: getattr(facts, name) for name in SCALARS} | {
        "words": _words(Vocabulary(facts.event_types, facts.kinds, facts.sources)),
        "undertaking_kinds": facts.undertaking_kinds,
        "covariate_names": facts.covariate_names,
        "levels": {name: level.codes for name, level in facts.places.levels.items()},
        "reporting_feeds": facts.reporters.feeds,
    }
    return tables, about


def facts_from(tables: Mapping[str, Table], about: About) -> Facts:
    """Return what `facts_tables` was given; its arrays are those of the tables."""
    words, target = _vocabulary(about["words"]), Marks(**tables["target"])
    since = np.array(list(tables["reporters"].values()), np.int32)
    return Facts(
        places=_places(tables, about["levels"]),
        cases=Cases(**tables["cases"]),
        spells=Spells(**tables["spells"]),
        target=target,
        hazards=Marks(**tables["hazards"]) if "hazards" in tables else target,
        reopened=Marks(**tables["reopened"]),
        further=Marks(**tables["further"]),
        undertakings=Undertakings(**tables["undertakings"]),
        undertaking_kinds=tuple((kind, sub_kind) for kind, sub_kind in about["undertaking_kinds"]),
        covariates=Covariates(**tables["covariates"]),
        covariate_names=tuple(about["covariate_names"]),
        event_types=words.event_types,
        kinds=words.kinds,
        sources=words.sources,
        reporters=Reporters(tuple(about["reporting_feeds"]), since, **tables["report_days"]),
        **{name: about[name] for name in SCALARS},
    )


def histories_tables(histories: Histories, places: Places) -> tuple[Tables, About]:
    """Return histories and the places they lie in as tables, and what stands beside them."""
    keys = {name: getattr(histories, name) for name in ("event_seq", "known_at", "feed")}
    tables = {"keys": keys, "cases": _columns(histories.cases), "spells": _columns(histories.spells), **_marks(histories)}
    levels = {name: level.codes for name, level in places.levels.items()}
    about = {"words": _words(histories.words), "feeds": histories.feeds, "levels": levels}
    return tables | {"corrections": _columns(histories.corrections), **_place_tables(places)}, about


def histories_from(tables: Mapping[str, Table], about: About) -> tuple[Histories, Places]:
    """Return what `histories_tables` was given; its arrays are those of the tables."""
    target = Marks(**tables["target"])
    histories = Histories(
        **tables["keys"],
        cases=Cases(**tables["cases"]),
        spells=Spells(**tables["spells"]),
        target=target,
        hazards=Marks(**tables["hazards"]) if "hazards" in tables else target,
        reopened=Marks(**tables["reopened"]),
        corrections=Corrections(**tables["corrections"]),
        words=_vocabulary(about["words"]),
        feeds=tuple(about["feeds"]),
    )
    return histories, _places(tables, about["levels"])


def _marks(of: Facts | Histories) -> Tables:
    """Return the tables of marks; `hazards` only where they are not those of the target."""
    tables = {"target": _columns(of.target), "reopened": _columns(of.reopened)}
    return tables if of.hazards is of.target else tables | {"hazards": _columns(of.hazards)}


def _columns(rows: Rows) -> dict[str, Array]:
    return {column.name: getattr(rows, column.name) for column in fields(rows)}


def _place_tables(places: Places) -> Tables:
    levels = {name: level.member for name, level in places.levels.items()}
    tables: Tables = {"places": {name: getattr(places, name) for name in PLACE_COLUMNS} | levels}
    if (neighbours := places.neighbours) is not None:
        tables["neighbours"] = {"data": neighbours.data, "indices": neighbours.indices}
        tables["neighbour_rows"] = {"indptr": neighbours.indptr}
    return tables


def _places(tables: Mapping[str, Table], levels: Mapping[str, list[str]]) -> Places:
    columns, neighbours = tables["places"], None
    size = len(columns["grid_ids"])
    if "neighbours" in tables:
        parts = tables["neighbours"]["data"], tables["neighbours"]["indices"], tables["neighbour_rows"]["indptr"]
        neighbours = csr_array(parts, shape=(size, size))
    members = {name: Level(tuple(codes), columns[name]) for name, codes in levels.items()}
    return Places(neighbours=neighbours, levels=members, **{name: columns[name] for name in PLACE_COLUMNS})


def _words(words: Vocabulary) -> About:
    return {name: getattr(words, name) for name in ("event_types", "kinds", "sources")}


def _vocabulary(about: About) -> Vocabulary:
    kinds = tuple((event_type, category) for event_type, category in about["kinds"])
    return Vocabulary(tuple(about["event_types"]), kinds, tuple(about["sources"]))


def read_kept_facts(log: EventLog, target_name: str | None, settings: LogSettings) -> Facts:
    """Return the facts of a log as `read_facts` derives them, from the kept ones where those reach.

    Raises:
        UsageError: the target is not declared anywhere, or the log holds no record it could count.
    """
    subject = find_subject(log.feeds, target_name, settings)
    shelf = _Shelf(log, subject, settings.categories, log.home.facts / subject.name)
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
    categories: tuple[str, ...]
    """Codes that the settings add."""
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
        places, histories = derive_histories(snapshot, self.subject, self.categories)
        return histories, places, assemble(histories, places, snapshot, self.subject)

    def extend(self) -> Derived | None:
        """Put the histories that changed in the place of the kept ones; None where all must be derived."""
        about, last = self._about(HISTORIES), self.log.state.sequence
        if about is None or not self._is_ours(about) or not 0 < last - about["sequence"] <= MOST_NEWS * last:
            return None
        if len(self.subject.feeds) < len(self.log.feeds):
            return None  # the news may bring grids that the subject did not have
        try:
            kept, places = histories_from(read_arrays(self.folder / HISTORIES), about["histories"])
        except DamagedError as error:
            LOG.warning("kept histories of %s are damaged (%s); they are derived anew.", self.subject.name, error)
            return None
        changed = self.log.read_changed(about["sequence"], effort=self.subject.target.visit_days is not None)
        merged = self._merged(kept, places, changed)
        del kept  # its arrays leave the memory
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
            "categories": sorted({*self.categories, *(code for feed in self.log.feeds.values() for code in feed.categories)}),
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
