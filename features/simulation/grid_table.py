"""The grid file: codes, names, positions and polygons of all grids."""

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import Col
from features.simulation.lattice import Rect, outline, to_geojson
from features.simulation.made_up_names import make_names
from features.simulation.mix import AREA_TYPES
from features.simulation.plots import Numbering, Plots
from features.simulation.preset import Size

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RURAL = AREA_TYPES.index("rural")
FIRST_TOWN, FIRST_VILLAGE, FIRST_REDRAWN = 100, 200, 601
"""First numbers of towns (streets count from 1), villages (communities from 1) and redrawn grids."""


def grid_table(
    code: str, plots: Plots, numbering: Numbering, shapes: tuple[list[Rect], Floats], size: Size, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the columns of the flat grid file.

    Args:
        code: of the district, 6 digits.
        plots: what communities and townships there are.
        numbering: the grids.
        shapes: rectangle of each grid, and the vertices of the lattice.
        size: how many people live in a grid.
        rng: decides names and people.
    """
    community = plots.community[numbering.plot]
    names, codes = _name_communities(code, plots, rng)
    number = _number(community, numbering.redrawn, 1, FIRST_REDRAWN)
    people = np.clip(size.people_median * rng.lognormal(0, size.people_sigma, len(number)), *size.people_range)
    rects, vertices = shapes
    middle = np.array([vertices[(rect.top + rect.bottom) // 2, (rect.left + rect.right) // 2] for rect in rects])
    where = [(codes[c], names[c], n) for c, n in zip(community, number, strict=True)]
    return pl.DataFrame(
        {
            Col.GRID_ID: [f"{above}{n:03}" for above, _, n in where],
            Col.NAME: [f"{name}第{n}网格" for _, name, n in where],
            Col.PARENT_PATH: [f"{above[:6]}/{above[:9]}/{above}" for above, _, _ in where],
            Col.LON: middle[:, 0],
            Col.LAT: middle[:, 1],
            Col.HOUSEHOLDS: np.round(people / size.people_per_household).astype(np.int64),
            Col.AREA_TYPE: np.array(AREA_TYPES)[plots.area_type_of[community]],
            Col.GEOMETRY: [to_geojson(outline(rect, vertices)) for rect in rects],
        }
    )


def _name_communities(code: str, plots: Plots, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return full name and code of each community."""
    township, is_village = plots.township_of, plots.area_type_of == RURAL
    is_town = np.bincount(township, is_village) > np.bincount(township) / 2
    towns = _number(np.zeros(len(is_town), np.int64), is_town, 1, FIRST_TOWN)
    communities = _number(township, is_village, 1, FIRST_VILLAGE)
    words = make_names(len(is_town) + len(township), rng)
    town_names = [f"{word}{'镇' if town else '街道'}" for word, town in zip(words, is_town, strict=False)]
    names = [f"{word}{'村' if village else '社区'}" for word, village in zip(words[len(is_town) :], is_village, strict=True)]
    return (
        [f"{town_names[t]}{name}" for t, name in zip(township, names, strict=True)],
        [f"{code}{towns[t]:03}{number:03}" for t, number in zip(township, communities, strict=True)],
    )


def _number(group: Ints, special: Flags, first: int, first_special: int) -> Ints:
    """Count the members of each group from `first`, the special ones apart from `first_special`; groups are in order.

    >>> _number(np.array([0, 0, 0, 1]), np.array([False, True, False, False]), 1, 601)
    array([  1, 601,   2,   1])
    """
    before: Ints = np.cumsum(special) - special
    specials: Ints = before - before[np.searchsorted(group, group)]
    others = np.arange(len(group)) - np.searchsorted(group, group) - specials
    return np.where(special, first_special + specials, first + others)
