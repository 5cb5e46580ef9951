"""Plots: what is one grid before or after the redraw. A plain plot is one part; one that is split or merged has two.

A part is the smallest piece that is ever told apart.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulation.lattice import Rect, divide
from features.simulation.mix import AREA_TYPES
from features.simulation.preset import Preset, Size

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PLAIN, SPLIT, MERGED = 0, 1, 2
SPREAD = 8.0
"""Evenness of communities and townships in size: parameter of a Dirichlet distribution."""


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
    size, changed = preset.size, round(preset.size.grids * preset.redraw.share / 2)
    kind = np.full(size.grids - changed, PLAIN)
    kind[: 2 * changed] = np.repeat([SPLIT, MERGED], changed)
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
