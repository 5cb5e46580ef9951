"""The ground of a district: parts, the grids they belong to before and after the redraw, what lies beside them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from features.days import to_date
from features.schema import Col
from features.simulation.grid_table import grid_table
from features.simulation.lattice import SPACING, adjacent, divide, lattice_side, make_vertices
from features.simulation.plots import SPLIT, draw_plots, number_grids, place_plots
from features.simulation.preset import Preset

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ORIGIN = (150.0, 25.0)
"""Open ocean: no real place lies under the map."""
DISTRICTS_PER_ROW = 10


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
