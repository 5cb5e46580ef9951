"""Undertakings among the facts: laid on the grids of today, with the exposure that campaigns give to cases."""

from dataclasses import replace

import numpy as np

from features.eventlog.snapshot import LogSnapshot
from features.facts.crosswalk import last_heirs
from features.facts.facts import Facts
from features.facts.places import Indices
from features.schema import Col
from features.undertakings.codes import UndertakingKind
from features.undertakings.exposure import found_weights
from features.undertakings.in_force import place_undertakings


def with_undertakings(facts: Facts, snapshot: LogSnapshot, zone: str) -> Facts:
    """Return the facts with the undertakings of a snapshot; its grids must be those that are left after the redraw."""
    versions = snapshot.undertakings
    if versions.is_empty():
        return facts
    everywhere = np.arange(facts.places.size, dtype=np.int32)
    kinds, laid = place_undertakings(versions, _grids_of(facts, snapshot), everywhere, zone)
    campaigns = np.array([place for place, (kind, _) in enumerate(kinds) if kind == UndertakingKind.CAMPAIGN], np.int32)
    cases = replace(facts.cases, exposure=found_weights(facts.cases, facts.first_day, laid, campaigns))
    return replace(facts, cases=cases, undertakings=laid, undertaking_kinds=kinds)


def _grids_of(facts: Facts, snapshot: LogSnapshot) -> dict[str, Indices]:
    """Return the positions of the grids that each place covers: a grid itself, the heirs of a redrawn one, or the grids of an area."""
    position = {grid_id: place for place, grid_id in enumerate(facts.places.grid_ids.tolist())}
    covered: dict[str, list[int]] = {grid_id: [place] for grid_id, place in position.items()}
    for old, new, _ in last_heirs(snapshot.crosswalk).iter_rows():
        if new in position:
            covered.setdefault(old, []).append(position[new])
    for grid_id, path in snapshot.grids.select(Col.GRID_ID, Col.PARENT_PATH).iter_rows():
        codes = path.split("/") if path and grid_id in position else []
        for depth in range(1, len(codes) + 1):
            covered.setdefault("/".join(codes[:depth]), []).append(position[grid_id])
    return {place: np.array(grids, np.int32) for place, grids in covered.items()}
