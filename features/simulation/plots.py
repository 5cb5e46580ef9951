"""Plots: what is one grid before or after the redraw. A plain plot is one part; one that is split or merged has two.

A part is the smallest piece that is ever told apart. Plots are rectangles of cells of a jittered lattice: their polygons share
vertices, and so tile without gap or overlap.
"""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulation.mix import AREA_TYPES
from features.simulation.preset import Preset, Size

Flags = npt.NDArray[np.bool_]

PLAIN, SPLIT, MERGED = 0, 1, 2
SPREAD = 8.0
"""Evenness of communities and townships in size: parameter of a Dirichlet distribution."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

QUADS_PER_PART = 16
"""Lattice cells per part: enough to cut parts in proportion, few enough for short polygons."""
SPACING = 0.0015
"""Degrees between two lattice lines, a part is about 0.4 km2."""
JITTER = 0.3
"""Largest shift of a vertex, in spacings; borders of the whole stay straight, so that districts tile too."""
DIGITS = 6


@dataclass(frozen=True)
class Rect:
    """Lattice cells of rows [top, bottom) and columns [left, right)."""

    top: int
    left: int
    bottom: int
    right: int

    def cut(self, share: float) -> "tuple[Rect, Rect]":
        """Cut across the longer side, the first part with about this share of it."""
        high, wide = self.bottom - self.top, self.right - self.left
        at = min(max(round(max(high, wide) * share), 1), max(high, wide) - 1)
        if high >= wide:
            return Rect(self.top, self.left, self.top + at, self.right), Rect(self.top + at, self.left, self.bottom, self.right)
        return Rect(self.top, self.left, self.bottom, self.left + at), Rect(self.top, self.left + at, self.bottom, self.right)


def divide(rect: Rect, weights: Ints) -> list[Rect]:
    """Divide a rectangle into one for each weight, areas in proportion, those next in order lying next to each other.

    >>> divide(Rect(0, 0, 2, 4), np.array([1, 3]))
    [Rect(top=0, left=0, bottom=2, right=1), Rect(top=0, left=1, bottom=2, right=4)]
    """
    if len(weights) == 1:
        return [rect]
    half = len(weights) // 2
    first, second = rect.cut(float(weights[:half].sum() / weights.sum()))
    return divide(first, weights[:half]) + divide(second, weights[half:])


def lattice_side(parts: int) -> int:
    """Return how many cells wide and high a lattice for so many parts is."""
    return int(np.ceil(np.sqrt(parts * QUADS_PER_PART)))


def make_vertices(side: int, origin: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Return (side + 1, side + 1, 2) longitude and latitude of the vertices, rounded as they are written."""
    rows, columns = np.mgrid[0 : side + 1, 0 : side + 1].astype(np.float64)
    moved = rng.uniform(-JITTER, JITTER, (2, side + 1, side + 1))
    moved[:, [0, -1], :] = 0
    moved[:, :, [0, -1]] = 0
    lon, lat = origin[0] + SPACING * (columns + moved[0]), origin[1] + SPACING * (rows + moved[1])
    return np.round(np.stack([lon, lat], axis=-1), DIGITS)


def outline(rect: Rect, vertices: Floats) -> Floats:
    """Return the closed ring around a rectangle, through every vertex on its way: shape (n, 2)."""
    around = vertices[rect.top : rect.bottom + 1, rect.left : rect.right + 1]
    sides = (around[0, :-1], around[:-1, -1], around[-1, :0:-1], around[:0:-1, 0])
    return np.concatenate([*sides, around[0, :1]])


def to_geojson(ring: Floats) -> str:
    """Write a ring as a GeoJSON polygon."""
    return json.dumps({"type": "Polygon", "coordinates": [ring.tolist()]}, separators=(",", ":"))


def adjacent(rects: list[Rect], side: int) -> Ints:
    """Return (n, 2) pairs of rectangles with a common border, both directions, for rectangles that fill the lattice."""
    label = np.empty((side, side), np.int64)
    for number, rect in enumerate(rects):
        label[rect.top : rect.bottom, rect.left : rect.right] = number
    across = np.stack([label[:, :-1].ravel(), label[:, 1:].ravel()], axis=1)
    down = np.stack([label[:-1].ravel(), label[1:].ravel()], axis=1)
    pairs = np.concatenate([across, down])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)


@dataclass(frozen=True)
class Plots:
    """Plots in the order of communities, these in the order of townships."""

    kind: Ints
    community: Ints
    township_of: Ints
    """Township of each community."""
    area_type_of: Ints
    """Of each community, as a position in `AREA_TYPES`."""

    @property
    def parts(self) -> Ints:
        """Parts of each plot."""
        return np.where(self.kind == PLAIN, 1, 2)


@dataclass(frozen=True)
class Numbering:
    """Every grid that is or was, in the order of plots: the whole plot, then its parts if they are grids at another time."""

    plot: Ints
    redrawn: Flags
    """True where the grid began with the redraw."""
    before: Ints
    """Of each part: its grid until the redraw."""
    after: Ints


def draw_plots(preset: Preset, rng: np.random.Generator) -> Plots:
    """Draw how many plots each community has, what they are like, and what becomes of them."""
    size = preset.size
    kind = np.full(preset.plots, PLAIN)
    kind[: 2 * preset.splits] = np.repeat([SPLIT, MERGED], preset.splits)
    community = np.repeat(np.arange(size.communities), _share_out(len(kind), size.communities, rng))
    township_of = np.repeat(np.arange(size.townships), _share_out(size.communities, size.townships, rng))
    return Plots(rng.permutation(kind), community, township_of, _draw_area_types(size, township_of, rng))


def _share_out(total: int, groups: int, rng: np.random.Generator) -> Ints:
    """Draw how much of a total each group gets, at least 1."""
    return 1 + rng.multinomial(total - groups, rng.dirichlet(np.full(groups, SPREAD)))


def _draw_area_types(size: Size, township_of: Ints, rng: np.random.Generator) -> Ints:
    """Draw area types in the shares of the settings; communities of a township are mostly alike."""
    leaning = rng.random(size.townships)[township_of] + rng.normal(0, 0.15, size.communities)
    rank = np.argsort(np.argsort(leaning))
    ends = np.round(np.cumsum(size.area_types[: len(AREA_TYPES) - 1]) * size.communities)
    return np.searchsorted(ends, rank, side="right")


def place_plots(plots: Plots, side: int) -> list[Rect]:
    """Return the rectangle of each plot on a square lattice: townships are cut first, then their communities, then plots."""
    per_community = np.bincount(plots.community, plots.parts).astype(np.int64)
    per_township = np.bincount(plots.township_of, per_community).astype(np.int64)
    townships = divide(Rect(0, 0, side, side), per_township)
    communities = [piece for number, rect in enumerate(townships) for piece in divide(rect, per_community[plots.township_of == number])]
    return [piece for number, rect in enumerate(communities) for piece in divide(rect, plots.parts[plots.community == number])]


def number_grids(plots: Plots) -> Numbering:
    """Give all grids a number, and say which part belongs to which."""
    grids = np.where(plots.kind == PLAIN, 1, 3)
    first = np.cumsum(grids) - grids
    plot = np.repeat(np.arange(len(grids)), grids)
    is_whole = np.arange(len(plot)) == first[plot]
    part_plot = np.repeat(np.arange(len(grids)), plots.parts)
    nth = np.arange(len(part_plot)) - (np.cumsum(plots.parts) - plots.parts)[part_plot]
    whole, piece = first[part_plot], first[part_plot] + 1 + nth
    return Numbering(
        plot=plot,
        redrawn=np.where(is_whole, plots.kind[plot] == MERGED, plots.kind[plot] == SPLIT),
        before=np.where(plots.kind[part_plot] == MERGED, piece, whole),
        after=np.where(plots.kind[part_plot] == SPLIT, piece, whole),
    )
