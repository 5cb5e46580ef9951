"""The ground of a district: parts, the grids they belong to before and after the redraw, communities, townships, polygons.

A part is the smallest piece that is ever told apart: a grid, half of one that is split, or one of two that are merged.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from features.days import to_date
from features.schema import Col
from features.simulation.lattice import SPACING, Rect, adjacent, divide, lattice_side, make_vertices, outline, to_geojson
from features.simulation.made_up_names import make_names
from features.simulation.mix import AREA_TYPES
from features.simulation.preset import Preset, Size

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PLAIN, SPLIT, MERGED = 0, 1, 2
RURAL = AREA_TYPES.index("rural")
DISTRICTS_PER_ROW = 10
ORIGIN = (150.0, 25.0)
"""Open ocean: no real place lies under the map."""
SPREAD = 8.0
"""How alike communities and townships are in size: parameter of a Dirichlet distribution."""
FIRST_REDRAWN = 601


@dataclass(frozen=True)
class Ground:
    """Where everything happens; arrays over parts (P,) unless said otherwise."""

    community: Ints
    township: Ints
    area_type: Ints
    """Position in `AREA_TYPES`."""
    exposure: Floats
    """How much of a grid the part is."""
    adjacent: csr_array
    """(P, P) each row sums to 1."""
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


@dataclass(frozen=True)
class _Plots:
    """Pieces that are one grid before or after the redraw, in order of communities."""

    kind: Ints
    community: Ints
    parts: Ints


def make_ground(preset: Preset, code: str, redraw_day: int, rng: np.random.Generator) -> Ground:
    """Draw the ground of the district with this code of 6 digits."""
    size = preset.size
    plots, township_of = _draw_plots(preset, rng)
    area_type = _draw_area_types(size, township_of, rng)
    side = lattice_side(int(plots.parts.sum()))
    vertices = make_vertices(side, _origin(code, side), rng)
    plot_rects = _lay_out(plots, township_of, side)
    part_rects = [part for rect, count in zip(plot_rects, plots.parts, strict=True) for part in divide(rect, np.ones(count, np.int64))]
    plot_of = np.repeat(np.arange(len(plots.kind)), plots.parts)
    pairs = adjacent(part_rects, side)
    weights = 1 / np.bincount(pairs[:, 0])[pairs[:, 0]]
    before, after, owner, number, rects = _assign_grids(plots, plot_rects, part_rects)
    community = plots.community[plot_of]
    people = _draw_people(size, len(owner), rng)
    names, codes = _describe(code, township_of, area_type, rng)
    grids = _grid_table(plots.community[owner], number, names, codes).with_columns(
        *_position(rects, vertices),
        pl.Series(Col.HOUSEHOLDS, np.round(people / size.people_per_household).astype(np.int64)),
        pl.Series(Col.AREA_TYPE, [AREA_TYPES[kind] for kind in area_type[plots.community[owner]]]),
        pl.Series(Col.GEOMETRY, [to_geojson(outline(rect, vertices)) for rect in rects]),
    )
    return Ground(
        community=community,
        township=township_of[community],
        area_type=area_type[community],
        exposure=np.where(plots.kind[plot_of] == SPLIT, 0.5, 1.0),
        adjacent=csr_array((weights, (pairs[:, 0], pairs[:, 1])), shape=(len(part_rects), len(part_rects))),
        before=before,
        after=after,
        redraw_day=redraw_day,
        grids=grids,
        crosswalk=_crosswalk(grids[Col.GRID_ID], before, after, redraw_day),
    )


def _draw_plots(preset: Preset, rng: np.random.Generator) -> tuple[_Plots, Ints]:
    """Draw how many plots each community has and what becomes of them; and the township of each community."""
    size, changed = preset.size, round(preset.size.grids * preset.redraw.share / 2)
    count = size.grids - changed
    kind = np.zeros(count, np.int64)
    kind[: 2 * changed] = np.repeat([SPLIT, MERGED], changed)
    community = np.repeat(np.arange(size.communities), _compose(count, size.communities, rng))
    township_of = np.repeat(np.arange(size.townships), _compose(size.communities, size.townships, rng))
    kind = rng.permutation(kind)
    return _Plots(kind, community, np.where(kind == PLAIN, 1, 2)), township_of


def _compose(total: int, groups: int, rng: np.random.Generator) -> Ints:
    """Share out a total, at least 1 to each."""
    return 1 + rng.multinomial(total - groups, rng.dirichlet(np.full(groups, SPREAD)))


def _draw_area_types(size: Size, township_of: Ints, rng: np.random.Generator) -> Ints:
    """Return the area type of each community: shares as set, neighbours in order mostly alike."""
    wanted = np.round(np.cumsum(size.area_types) * size.communities).astype(np.int64)
    leaning = rng.random(size.townships)[township_of] + rng.normal(0, 0.15, size.communities)
    order = np.argsort(np.argsort(leaning))
    return np.searchsorted(wanted, order, side="right")


def _lay_out(plots: _Plots, township_of: Ints, side: int) -> list[Rect]:
    """Return the rectangle of each plot: townships first, then their communities, then plots."""
    per_community = np.bincount(plots.community, plots.parts).astype(np.int64)
    townships = divide(Rect(0, 0, side, side), np.bincount(township_of, per_community).astype(np.int64))
    communities = [part for number, rect in enumerate(townships) for part in divide(rect, per_community[township_of == number])]
    return [part for number, rect in enumerate(communities) for part in divide(rect, plots.parts[plots.community == number])]


def _assign_grids(plots: _Plots, plot_rects: list[Rect], part_rects: list[Rect]) -> tuple[Ints, Ints, Ints, Ints, list[Rect]]:
    """Number the grids: grid of each part before and after; plot, number within its community and rectangle of each grid."""
    before, after, owner, rects = [], [], [], []
    redrawn: list[bool] = []
    part = 0
    for plot, kind in enumerate(plots.kind):
        count = int(plots.parts[plot])
        first, mine = len(rects), part_rects[part : part + count]
        whole, pieces = [first] * count, [first + 1, first + 2]
        rects += [plot_rects[plot]] if kind == PLAIN else [plot_rects[plot], *mine]
        before += pieces if kind == MERGED else whole
        after += pieces if kind == SPLIT else whole
        redrawn += {PLAIN: [False], SPLIT: [False, True, True], MERGED: [True, False, False]}[int(kind)]
        owner += [plot] * (len(rects) - first)
        part += count
    of, new = plots.community[owner], np.array(redrawn)
    number = np.where(new, FIRST_REDRAWN + _rank_within(of, new), 1 + _rank_within(of, ~new))
    return np.array(before), np.array(after), np.array(owner), number, rects


def _rank_within(group: Ints, chosen: npt.NDArray[np.bool_]) -> Ints:
    """Return how many chosen rows of the same group come before each row; groups are in order."""
    running = np.cumsum(chosen) - chosen
    return np.asarray(running - running[np.searchsorted(group, group)])


def _origin(code: str, side: int) -> tuple[float, float]:
    """Return the corner of a district; those of one simulation lie side by side."""
    row, column = divmod(int(code[4:]) - 1, DISTRICTS_PER_ROW)
    return ORIGIN[0] + column * side * SPACING, ORIGIN[1] + row * side * SPACING


def _draw_people(size: Size, count: int, rng: np.random.Generator) -> Floats:
    return np.clip(size.people_median * rng.lognormal(0, size.people_sigma, count), *size.people_range)


def _describe(code: str, township_of: Ints, area_type: Ints, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return name and code of each community; towns count from 100, villages from 200."""
    townships = int(township_of[-1]) + 1
    names = make_names(townships + len(township_of), rng)
    rural = area_type == RURAL
    mostly = np.bincount(township_of, rural) > np.bincount(township_of) / 2
    place = np.arange(townships)
    sequence = np.where(mostly, 100 + _rank_within(np.zeros(townships, np.int64), mostly), 1 + _rank_within(place * 0, ~mostly))
    numbers = np.where(rural, 200 + _rank_within(township_of, rural), 1 + _rank_within(township_of, ~rural))
    community_codes = [f"{code}{sequence[t]:03}{number:03}" for t, number in zip(township_of, numbers, strict=True)]
    community_names = [
        f"{names[t]}{'镇' if mostly[t] else '街道'}{name}{'村' if village else '社区'}"
        for t, name, village in zip(township_of, names[townships:], rural, strict=True)
    ]
    return community_names, community_codes


def _grid_table(community: Ints, number: Ints, names: list[str], codes: list[str]) -> pl.DataFrame:
    found = [(codes[c], names[c], n) for c, n in zip(community, number, strict=True)]
    return pl.DataFrame(
        {
            Col.GRID_ID: [f"{code}{n:03}" for code, _, n in found],
            Col.NAME: [f"{name}第{n}网格" for _, name, n in found],
            Col.PARENT_PATH: [f"{code[:6]}/{code[:9]}/{code}" for code, _, _ in found],
        }
    )


def _position(rects: list[Rect], vertices: Floats) -> list[pl.Series]:
    middle = np.array([vertices[(rect.top + rect.bottom) // 2, (rect.left + rect.right) // 2] for rect in rects])
    return [pl.Series(Col.LON, middle[:, 0]), pl.Series(Col.LAT, middle[:, 1])]


def _crosswalk(grid_ids: pl.Series, before: Ints, after: Ints, redraw_day: int) -> pl.DataFrame:
    moved = before != after
    pairs = pl.DataFrame({"old": grid_ids[before[moved]], "new": grid_ids[after[moved]]})
    return pairs.with_columns(share=1 / pl.len().over("old"), at=pl.lit(to_date(redraw_day))).sort("old", "new")
