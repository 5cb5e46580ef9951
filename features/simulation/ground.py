"""The ground of a district: parts, the grids they belong to before and after the redraw, what lies beside them, and the grid file.

Grids have made-up Chinese names: rare characters in pairs, as no place is called.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from features.days import to_date
from features.schema import Col
from features.simulation.mix import AREA_TYPES
from features.simulation.plots import (
    SPACING,
    SPLIT,
    Numbering,
    Plots,
    Rect,
    adjacent,
    divide,
    draw_plots,
    lattice_side,
    make_vertices,
    number_grids,
    outline,
    place_plots,
    to_geojson,
)
from features.simulation.preset import Preset, Size

ORIGIN = (150.0, 25.0)
"""Open ocean: no real place lies under the map."""
DISTRICTS_PER_ROW = 10

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

RURAL = AREA_TYPES.index("rural")
FIRST_TOWN, FIRST_VILLAGE, FIRST_REDRAWN = 100, 200, 601
"""First numbers of towns (streets count from 1), villages (communities from 1) and redrawn grids."""

_FIRST = "霁砚绡琅汐棠蘅漪皎筠澹翊莹璟黛谧沁煦芷曦澄穗萤泠"
_SECOND = "岚舟坞湄榭畔渚笙屿陌汀蹊畹霖洲塬垣浦桁溆峤圩涧墅"


def make_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return different names of two characters.

    >>> len(set(make_names(500, np.random.default_rng(1))))
    500
    """
    names = [first + second for first in _FIRST for second in _SECOND]
    return [names[place] for place in rng.permutation(len(names))[:count]]


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
    towns, names, codes = _name_communities(code, plots, rng)
    number = _number(community, numbering.redrawn, 1, FIRST_REDRAWN)
    people = np.clip(size.people_median * rng.lognormal(0, size.people_sigma, len(number)), *size.people_range)
    rects, vertices = shapes
    middle = np.array([vertices[(rect.top + rect.bottom) // 2, (rect.left + rect.right) // 2] for rect in rects])
    where = [(codes[c], towns[c], names[c], n) for c, n in zip(community, number, strict=True)]
    return pl.DataFrame(
        {
            Col.GRID_ID: [f"{above}{n:03}" for above, *_, n in where],
            Col.NAME: [f"{town}{name}第{n}网格" for _, town, name, n in where],
            Col.PARENT_PATH: [f"{above[:6]}/{above[:9]}/{above}" for above, *_ in where],
            Col.PARENT_NAMES: [f"/{town}/{name}" for _, town, name, _ in where],
            Col.LON: middle[:, 0],
            Col.LAT: middle[:, 1],
            Col.HOUSEHOLDS: np.round(people / size.people_per_household).astype(np.int64),
            Col.AREA_TYPE: np.array(AREA_TYPES)[plots.area_type_of[community]],
            Col.GEOMETRY: [to_geojson(outline(rect, vertices)) for rect in rects],
        }
    )


def _name_communities(code: str, plots: Plots, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """Return of each community the name of its township, its own, and its code."""
    township, is_village = plots.township_of, plots.area_type_of == RURAL
    is_town = np.bincount(township, is_village) > np.bincount(township) / 2
    towns = _number(np.zeros(len(is_town), np.int64), is_town, 1, FIRST_TOWN)
    communities = _number(township, is_village, 1, FIRST_VILLAGE)
    words = make_names(len(is_town) + len(township), rng)
    town_names = [f"{word}{'镇' if town else '街道'}" for word, town in zip(words, is_town, strict=False)]
    names = [f"{word}{'村' if village else '社区'}" for word, village in zip(words[len(is_town) :], is_village, strict=True)]
    return (
        [town_names[t] for t in township],
        names,
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


@dataclass(frozen=True)
class Ground:
    """Ground of the district; arrays over parts (P,) unless said otherwise."""

    community: Ints
    township: Ints
    area_type: Ints
    """Position in `AREA_TYPES`."""
    exposure: Floats
    """Share of its grid that the part is."""
    adjacent: csr_array
    """(P, P) parts with a common border; each row sums to 1."""
    before: Ints
    """Row of `grids`, until the redraw."""
    after: Ints
    redraw_day: int
    """Day number from which grids are the redrawn ones."""
    grids: pl.DataFrame
    """The grid file: every grid that is or was."""
    crosswalk: pl.DataFrame
    """old, new, share, at."""

    @property
    def parts(self) -> int:
        """Number of parts."""
        return len(self.community)

    def grid_at(self, part: Ints, day: Ints) -> Ints:
        """Return the row of `grids` that a part belongs to on a day number."""
        return np.where(day < self.redraw_day, self.before[part], self.after[part])


def make_ground(preset: Preset, code: str, redraw_day: int, rng: np.random.Generator) -> Ground:
    """Draw the ground of the district with this code of 6 digits."""
    plots = draw_plots(preset, rng)
    numbering = number_grids(plots)
    side = lattice_side(int(plots.parts.sum()))
    wholes = place_plots(plots, side)
    pieces = [divide(rect, np.ones(count, np.int64)) for rect, count in zip(wholes, plots.parts, strict=True)]
    rects = [rect for whole, parts in zip(wholes, pieces, strict=True) for rect in ([whole] if len(parts) == 1 else [whole, *parts])]
    vertices = make_vertices(side, _origin(code, side), rng)
    grids = grid_table(code, plots, numbering, (rects, vertices), preset.size, rng)
    plot = np.repeat(np.arange(len(wholes)), plots.parts)
    community = plots.community[plot]
    return Ground(
        community=community,
        township=plots.township_of[community],
        area_type=plots.area_type_of[community],
        exposure=np.where(plots.kind[plot] == SPLIT, 0.5, 1.0),
        adjacent=_even_weights(adjacent([part for parts in pieces for part in parts], side)),
        before=numbering.before,
        after=numbering.after,
        redraw_day=redraw_day,
        grids=grids,
        crosswalk=_crosswalk(grids[Col.GRID_ID], numbering.before, numbering.after, redraw_day),
    )


def _origin(code: str, side: int) -> tuple[float, float]:
    """Return the corner of a district; those of one simulation lie side by side."""
    row, column = divmod(int(code[4:]) - 1, DISTRICTS_PER_ROW)
    return ORIGIN[0] + column * side * SPACING, ORIGIN[1] + row * side * SPACING


def _even_weights(pairs: Ints) -> csr_array:
    a, b = pairs.T
    return csr_array((1 / np.bincount(a)[a], (a, b)))


def _crosswalk(grid_ids: pl.Series, before: Ints, after: Ints, redraw_day: int) -> pl.DataFrame:
    moved = before != after
    pairs = pl.DataFrame({"old": grid_ids[before[moved]], "new": grid_ids[after[moved]]})
    return pairs.with_columns(share=1 / pl.len().over("old"), at=pl.lit(to_date(redraw_day))).sort("old", "new")
