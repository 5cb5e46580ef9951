"""Checks of the ground: grids that lie wrong although each of them is a valid shape."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from features.eventlog.datum import DATUMS
from features.schema import Col

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

METRES_PER_DEGREE = 111_320.0
NOWHERE_DEGREES = 0.01
"""Closer than this to 0, 0 lies no grid: it is what systems write for a position they do not know."""
FAR_TIMES, FAR_METRES = 10.0, 50_000.0
"""A grid so many times further from the middle than half of the others, and this far at least, is none of theirs."""
SHIFT_METRES, SAME_SHIFT, DATUM_METRES = 100.0, 0.3, 40.0
"""A shift that all grids share within 30 % of it is one of the datum; one that is known is met within 40 m."""
SHOWN = 3


def misplaced(grids: pl.DataFrame) -> Flags:
    """Tell which grids have a position that is none: none at all, at 0, 0, or far away from all others."""
    lon, lat = (grids[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in (Col.LON, Col.LAT))
    nowhere = ~np.isfinite(lon) | ~np.isfinite(lat) | ((np.abs(lon) < NOWHERE_DEGREES) & (np.abs(lat) < NOWHERE_DEGREES))
    if nowhere.all():
        return np.asarray(nowhere)
    middle = np.array([np.median(lon[~nowhere]), np.median(lat[~nowhere])])
    distance = np.hypot(*_metres(np.column_stack([lon, lat]) - middle, float(middle[1])))
    limit = max(FAR_TIMES * float(np.median(distance[~nowhere])), FAR_METRES)
    return np.asarray(nowhere | (distance > limit))


def stacked(grids: pl.DataFrame) -> Flags:
    """Tell which grids share their exact position with another one: it stands for something else than where they are."""
    positions = grids.select(Col.LON, Col.LAT)
    return np.asarray((positions.is_duplicated() & positions[Col.LON].is_not_null()).to_numpy())


def ground_findings(grids: pl.DataFrame, neighbours: pl.DataFrame) -> Iterator[str]:
    """Yield what is wrong with the grids as they lie: one sentence each, in degrees of WGS 84.

    Args:
        grids: grid_id, parent_path, lon, lat; geometry as WKT where there is one.
        neighbours: a and b of the pairs that were found.
    """
    located = grids.filter(pl.col(Col.LON).is_not_null())
    ids = located[Col.GRID_ID]
    if (lost := misplaced(located)).any():
        yield f"Grids at 0, 0 or far away from all others, which get no neighbours: {_some(ids, lost)}. Mend their positions."
    if (alike := stacked(located)).any():
        yield f"Grids at the very position of another one: {_some(ids, alike)}. Give each grid its own."
    alone = ~located[Col.GRID_ID].is_in(neighbours["a"].implode()).to_numpy()
    if alone.any() and located.height > 1:
        yield f"Grids without neighbours: {_some(ids, alone)}. What happens around them is not known."
    if Col.GEOMETRY in located.columns and located[Col.GEOMETRY].null_count() != located.height:
        yield from _findings_of_shapes(located)
    yield from _findings_of_paths(grids)


def shift_between(before: pl.DataFrame, after: pl.DataFrame) -> str | None:
    """Return how all grids that are in both moved alike, as they do when a file is in another datum; None where they did not.

    Args:
        before: grid_id, lon, lat.
        after: the same.
    """
    both = before.join(after, on=Col.GRID_ID, suffix="_after").drop_nulls([Col.LON, f"{Col.LON}_after"])
    one, other = both.select(Col.LON, Col.LAT).to_numpy(), both.select(f"{Col.LON}_after", f"{Col.LAT}_after").to_numpy()
    return _describe_shift(one, other)


def _describe_shift(one: Floats, other: Floats) -> str | None:
    if len(one) < SHOWN:
        return None
    east, north = _metres(other - one, float(np.median(one[:, 1])))
    shift = float(np.hypot(np.median(east), np.median(north)))
    scatter = float(np.median(np.hypot(east - np.median(east), north - np.median(north))))
    if shift < SHIFT_METRES or scatter > SAME_SHIFT * shift:
        return None
    for name, convert in DATUMS.items():
        for there, start, end in (("to", one, other), ("from", other, one)):
            if float(np.median(np.hypot(*_metres(convert(start) - end, float(start[0, 1]))))) < DATUM_METRES:
                return f"by {shift:,.0f} m, as {there} {name}"
    return f"by {shift:,.0f} m"


def _findings_of_shapes(located: pl.DataFrame) -> Iterator[str]:
    if missing := located[Col.GEOMETRY].null_count():
        without = located[Col.GEOMETRY].is_null().to_numpy()
        yield f"Grids without a polygon among others that have one: {_some(located[Col.GRID_ID], without)}."
    drawn = located.drop_nulls(Col.GEOMETRY) if missing else located
    shapes = shapely.from_wkt(drawn[Col.GEOMETRY].to_numpy(), on_invalid="ignore")
    inside = shapely.centroid(shapes)
    positions = drawn.select(Col.LON, Col.LAT).to_numpy()
    if shift := _describe_shift(np.column_stack([shapely.get_x(inside), shapely.get_y(inside)]), positions):
        yield f"Positions lie beside their polygons {shift}: one of the two is not in WGS 84. Convert it."
    if (copies := _copies(shapes)).any():
        yield f"Grids with the very polygon of another one: {_some(drawn[Col.GRID_ID], copies)}."


def _copies(shapes: npt.NDArray[np.object_]) -> Flags:
    """Tell which polygons are the same as another one: those of the same bounds are compared point by point."""
    copies = pl.DataFrame(shapely.bounds(shapes)).is_duplicated().to_numpy().copy()
    copies[copies] = pl.Series(shapely.to_wkb(shapely.normalize(shapes[copies])), dtype=pl.Binary).is_duplicated().to_numpy()
    return np.asarray(copies)


def _findings_of_paths(grids: pl.DataFrame) -> Iterator[str]:
    paths = grids[Col.PARENT_PATH].fill_null("")
    levels = paths.filter(paths != "").str.count_matches("/", literal=True).unique().sort() + 1
    if len(levels) > 1:
        depths = ", ".join(str(depth) for depth in levels)
        yield f"Paths above the grids have {depths} levels: areas of one kind then stand on different levels."


def _metres(degrees: Floats, latitude: float) -> tuple[Floats, Floats]:
    """Return how far east and north (N, 2) differences in degrees reach at a latitude."""
    east, north = degrees.T * METRES_PER_DEGREE
    return east * np.cos(np.radians(latitude)), north


def _some(ids: pl.Series, rows: Flags) -> str:
    chosen = ids.filter(pl.Series(rows)).to_list()
    more = f" and {len(chosen) - SHOWN:,} more" if len(chosen) > SHOWN else ""
    return f"{', '.join(chosen[:SHOWN])}{more}"
