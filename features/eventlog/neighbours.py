"""What lies beside a grid: polygons that share a border, else the nearest centroids."""

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from scipy.spatial import KDTree

from features.errors import UsageError
from features.schema import Col

Positions = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


def find_neighbours(grids: pl.DataFrame, nearest: int) -> pl.DataFrame:
    """Return pairs (a, b, weight), both directions, the weights of one a summing to 1.

    Where every grid has a polygon, neighbours share a border and weigh by its length; else the nearest centroids weigh alike;
    a grid without either has none.

    Args:
        grids: grid_id, lon, lat in degrees, and geometry as WKT if there is one.
        nearest: how many centroids count as neighbours of a grid; those that count it among theirs are neighbours too.

    Raises:
        UsageError: a geometry cannot be read.
    """
    if Col.GEOMETRY in grids.columns and not grids[Col.GEOMETRY].has_nulls():
        a, b, weight = _sharing_borders(_polygons(grids))
    else:
        grids = grids.drop_nulls([Col.LON, Col.LAT])
        a, b, weight = _nearest(grids.select(Col.LON, Col.LAT).to_numpy(), nearest)
    ids = grids[Col.GRID_ID]
    pairs = pl.DataFrame({"a": ids[a], "b": ids[b], "weight": weight})
    return pairs.with_columns(pl.col("weight") / pl.col("weight").sum().over("a")).sort("a", "b")


def _polygons(grids: pl.DataFrame) -> npt.NDArray[np.object_]:
    shapes = shapely.from_wkt(grids[Col.GEOMETRY].to_numpy(), on_invalid="ignore")
    if len(broken := grids.filter(pl.Series(shapely.is_missing(shapes)))):
        raise UsageError(f"the geometry of a grid must be WKT such as POLYGON ((...)), that of {broken[Col.GRID_ID][0]!r} is not.")
    return np.asarray(shapely.make_valid(shapes))


def _sharing_borders(polygons: npt.NDArray[np.object_]) -> tuple[Positions, Positions, Floats]:
    a, b = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    a, b = a[a != b], b[a != b]
    border = shapely.length(shapely.intersection(polygons[a], polygons[b]))
    return a[border > 0], b[border > 0], border[border > 0]


def _nearest(degrees: Floats, nearest: int) -> tuple[Positions, Positions, Floats]:
    """Compare points on the unit sphere: the nearest by chord are the nearest on the ground, at any latitude."""
    count = min(nearest, len(degrees) - 1)
    if count < 1:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    lon, lat = np.radians(degrees).T
    points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    _, found = KDTree(points).query(points, k=count + 1)
    pairs = np.column_stack([np.repeat(np.arange(len(points)), count + 1), found.ravel()])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    a, b = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0).T
    return a, b, np.ones(len(a))
