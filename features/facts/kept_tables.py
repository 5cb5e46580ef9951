"""Facts and histories as tables of arrays, and back again."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from features.facts.codes import Vocabulary
from features.facts.corrections import Corrections
from features.facts.facts import Cases, Covariates, Facts, Marks, Reporters, Spells
from features.facts.histories import Histories
from features.facts.places import Level, Places
from features.undertakings.in_force import Undertakings

Array = npt.NDArray[Any]
Table = Mapping[str, Array]
Tables = dict[str, dict[str, Array]]
About = dict[str, Any]
"""Everything that is no array, as JSON can hold it."""
Rows = TypeVar("Rows", Cases, Spells, Marks, Corrections, Undertakings, Covariates)

PLACE_COLUMNS = ("grid_ids", "valid_from", "area_type", "redrawn_day")
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
