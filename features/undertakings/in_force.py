"""Undertakings as arrays of day numbers: which version holds on which day, and on which grids."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, Days, local_days
from features.undertakings.undertaking import EVERYWHERE, SEPARATOR, UndertakingKind

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Undertakings:
    """One row per version and grid it covers, ordered by grid; a version holds for as_of in (known_day, until_day].

    An undertaking is under way on the days of `[start_day, end_day)`.
    """

    grid: Indices
    number: Indices
    """Number of the undertaking: rows of its versions and of its other grids have the same."""
    kind: npt.NDArray[np.int16]
    """Position in `Facts.undertaking_kinds`."""
    known_day: Days
    until_day: Days
    """NEVER for the last version."""
    start_day: Days
    end_day: Days
    """NEVER where it has not ended."""


def no_undertakings() -> Undertakings:
    """Return undertakings without rows."""
    nothing = np.zeros(0, np.int32)
    return Undertakings(nothing, nothing, nothing.astype(np.int16), nothing, nothing, nothing, nothing)


Pair = tuple[str, str]
"""Kind and sub-kind."""


def place_undertakings(
    versions: pl.DataFrame, grids_of: Mapping[str, Indices], everywhere: Indices, zone: str
) -> tuple[tuple[Pair, ...], Undertakings]:
    """Lay versions of undertakings on grids; return the pairs of kind and sub-kind that cover any, sorted, and the rows.

    A period that covers everything is left out: it is equal for all grids and stands in the calendar.

    Args:
        versions: columns of `VERSION_SCHEMA`, ordered by undertaking and version.
        grids_of: positions of the grids that each place covers; a place that is not there covers none.
        everywhere: positions of all grids.
        zone: of the local day.
    """
    if versions.is_empty():
        return (), no_undertakings()
    days = _version_days(versions, ZoneInfo(zone))
    told_apart = (versions["kind"] != UndertakingKind.PERIOD) | (versions["places"] != EVERYWHERE)
    holds = (days["known"] < days["until"]) & ~versions["withdrawn"].to_numpy() & told_apart.to_numpy()
    covered = [(_covered(places, grids_of, everywhere), version) for version, places in enumerate(versions["places"]) if holds[version]]
    if not covered:
        return (), no_undertakings()
    grid = np.concatenate([grids for grids, _ in covered])
    version = np.repeat([version for _, version in covered], [len(grids) for grids, _ in covered])
    order = np.lexsort((version, grid))
    grid, version = grid[order], version[order]
    pairs = list(versions.select("kind", "sub_kind").iter_rows())
    kinds = tuple(sorted({pairs[row] for row in version}))
    kind = np.array([kinds.index(pair) if pair in kinds else -1 for pair in pairs], np.int16)
    number = versions["undertaking_id"].rle_id().to_numpy().astype(np.int32)
    columns = (days[name][version] for name in ("known", "until", "start", "end"))
    return kinds, Undertakings(grid, number[version], kind[version], *columns)


def _covered(places: str, grids_of: Mapping[str, Indices], everywhere: Indices) -> Indices:
    """Return the positions of the grids that the places cover, each once."""
    if places == EVERYWHERE:
        return everywhere
    nothing = np.zeros(0, np.int32)
    return np.unique(np.concatenate([grids_of.get(place, nothing) for place in places.split(SEPARATOR)])).astype(np.int32)


def _version_days(versions: pl.DataFrame, zone: ZoneInfo) -> dict[str, Days]:
    """Return the days of each version: a later version replaces an earlier one from the day it became known."""
    entered = local_days(versions["known_at"].dt.epoch("us").to_numpy(), zone)
    known = np.maximum(entered, versions["public_at"].to_physical().to_numpy()).astype(np.int32)
    until = np.full(len(known), NEVER, np.int32)
    identifiers = versions["undertaking_id"].to_list()
    for row in range(len(known) - 2, -1, -1):
        if identifiers[row] == identifiers[row + 1]:
            until[row] = min(until[row + 1], known[row + 1])
    end = versions["end_at"].to_physical().fill_null(NEVER).to_numpy().astype(np.int32)
    return {"known": known, "until": until, "start": versions["start_at"].to_physical().to_numpy().astype(np.int32), "end": end}
