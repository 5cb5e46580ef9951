"""Places of events: grids in one fixed order, the areas above them and the grids beside them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from features.days import NEVER, Days
from features.schema import Col

Indices = npt.NDArray[np.int32]

UPPER_LEVELS = ("community", "township", "district")
"""Levels above the grid, from the nearest up."""

WEIGHT_UNIT = 2.0**-16
"""Shares and neighbour weights are multiples of this, so that sums of them are exact in float64 in any order."""


@dataclass(frozen=True)
class Level:
    """One level above the grids."""

    codes: tuple[str, ...]
    member: Indices
    """(G,) position in `codes` of the area each grid belongs to."""

    @property
    def size(self) -> int:
        """Number of areas at this level."""
        return len(self.codes)

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """(G,) whether the grid's area is known; a district without a code is known, for it is everything."""
        return np.array([bool(code) or self.size == 1 for code in self.codes])[self.member]

    def sums(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the sums of (T, G) values over the grids of each area, shape (T, areas)."""
        sums = np.zeros((self.size, len(values)))
        np.add.at(sums, self.member, values.T)
        return np.ascontiguousarray(sums.T)

    def of(self, grids: Indices) -> "Level":
        """Return the level with these grids only."""
        codes, member = np.unique(self.member[grids], return_inverse=True)
        return Level(tuple(self.codes[code] for code in codes), member.astype(np.int32))


@dataclass(frozen=True)
class Places:
    """Grids ordered by grid_id; every array of the panel uses this order."""

    grid_ids: npt.NDArray[np.str_]
    levels: dict[str, Level]
    """Levels above the grid that the source knows, keyed by `UPPER_LEVELS`; the district is always there."""
    neighbours: csr_array | None
    """(G, G) weights, row = grid, column = its neighbour; None where no borders or centroids are known."""
    valid_from: Days
    """(G,) day since which a grid is there: a grid known from its events alone since the first of them, others since ever."""
    area_type: npt.NDArray[np.str_]
    """(G,) kind of area, empty where unknown."""
    redrawn_day: Days
    """(G,) day on which the grid got its present borders, -NEVER where it always had them."""
    households: Indices
    """(G,) households that the grid file states, -1 where it does not."""

    @property
    def size(self) -> int:
        """Number of grids."""
        return len(self.grid_ids)

    def of(self, grids: Indices) -> "Places":
        """Return these grids (sorted positions) only."""
        levels = {name: level.of(grids) for name, level in self.levels.items()}
        neighbours = None if self.neighbours is None else self.neighbours[grids][:, grids]
        return Places(
            grid_ids=self.grid_ids[grids],
            levels=levels,
            neighbours=neighbours,
            valid_from=self.valid_from[grids],
            area_type=self.area_type[grids],
            redrawn_day=self.redrawn_day[grids],
            households=self.households[grids],
        )


def read_places(grids: pl.DataFrame, neighbours: pl.DataFrame) -> Places:
    """Order the grids of a snapshot and index what lies above and beside them.

    A `parent_path` names areas from the top: the last of two or three is the community, the one before it the township; a single
    one is the township. What stands above the township is the district; without it all grids form one.
    """
    grids = grids.sort(pl.col(Col.GRID_ID).cast(pl.String))
    grid_ids = grids[Col.GRID_ID].cast(pl.String).to_numpy().astype(np.str_)
    paths = [path.split("/") if path else [] for path in grids[Col.PARENT_PATH].fill_null("").to_list()]
    levels = {name: level for name in UPPER_LEVELS if (level := _level([_area(path, name) for path in paths]))}
    levels.setdefault("district", Level(("",), np.zeros(len(grid_ids), np.int32)))
    valid_from = grids["valid_from"].cast(pl.Int32).fill_null(-NEVER).to_numpy()
    area_type = grids[Col.AREA_TYPE].fill_null("").to_numpy().astype(np.str_)
    never_redrawn = np.full(len(grid_ids), -NEVER, np.int32)
    households = grids[Col.HOUSEHOLDS].cast(pl.Int32).fill_null(-1).to_numpy()
    return Places(grid_ids, levels, _neighbour_weights(grid_ids, neighbours), valid_from, area_type, never_redrawn, households)


def positions(grid_ids: npt.NDArray[np.str_], wanted: npt.NDArray[Any]) -> Indices:
    """Return the position of each wanted id in sorted `grid_ids`; -1 where it is not there.

    >>> positions(np.array(["a", "c"]), np.array(["c", "b"]))
    array([ 1, -1], dtype=int32)
    """
    if not len(grid_ids):
        return np.full(len(wanted), -1, np.int32)
    found = np.searchsorted(grid_ids, wanted).astype(np.int32)
    inside = np.minimum(found, len(grid_ids) - 1)
    return np.where(grid_ids[inside] == wanted, inside, np.int32(-1))


def _area(path: list[str], level: str) -> str:
    depth = {"community": 1, "township": min(len(path), 2), "district": 3}[level]
    if level == "community" and len(path) < 2:
        return ""
    return "/".join(path[: len(path) - depth + 1]) if len(path) >= depth > 0 else ""


def _level(codes: list[str]) -> Level | None:
    if not any(codes):
        return None
    known, member = np.unique(np.array(codes), return_inverse=True)
    return Level(tuple(known.tolist()), member.astype(np.int32))


def _neighbour_weights(grid_ids: npt.NDArray[np.str_], pairs: pl.DataFrame) -> csr_array | None:
    if pairs.is_empty():
        return None
    rows = positions(grid_ids, pairs["a"].cast(pl.String).to_numpy().astype(np.str_))
    columns = positions(grid_ids, pairs["b"].cast(pl.String).to_numpy().astype(np.str_))
    known = (rows >= 0) & (columns >= 0)
    weights = np.round(pairs["weight"].to_numpy()[known] / WEIGHT_UNIT) * WEIGHT_UNIT
    return csr_array((weights, (rows[known], columns[known])), shape=(len(grid_ids), len(grid_ids)))
