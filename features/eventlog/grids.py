"""The grid table: grids from a file or from the events themselves, what lies beside them, and redrawn borders."""

import reprlib

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from scipy.spatial import KDTree
from sqlalchemy import Connection, Engine, Table, delete, func, insert, select

from features.database.bulk import insert_rows, read_frame
from features.database.engine import reading, writing
from features.database.tables import grid, grid_mapping, grid_neighbour
from features.errors import UsageError
from features.schema import GRID_OPTIONAL, GRID_REQUIRED, Col

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


SHARE_TOLERANCE = 1e-6
"""How far the shares of one old grid may be from 1."""


def store_grids(engine: Engine, grids: pl.DataFrame, nearest_neighbours: int) -> None:
    """Store the rows of a grid file, in place of what was known of those grids, and work out what lies beside them.

    Args:
        engine: the open database.
        grids: columns of the flat grid file; the optional ones may be left out; geometry is WKT.
        nearest_neighbours: how many to take from centroids where there are no borders.
    """
    columns = [name for name in (*GRID_REQUIRED, *GRID_OPTIONAL) if name in grids.columns]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name != Col.GRID_ID)
    rows = grids.select(columns).with_columns(pl.col(Col.NAME).fill_null(pl.col(Col.GRID_ID)), pl.col(Col.PARENT_PATH).fill_null(""))
    with writing(engine) as connection:
        insert_rows(connection, grid, rows, f"ON CONFLICT (grid_id) DO UPDATE SET {changes}")
        _replace(connection, grid_neighbour, find_neighbours(grids, nearest_neighbours))


def discover_grids(engine: Engine, found: pl.DataFrame) -> None:
    """Let grids that events name be there; one that is known keeps what is known of it.

    Args:
        engine: the open database.
        found: grid_id and parent_path, in the order of the events; the first path of a grid is kept.
    """
    rows = found.unique(Col.GRID_ID, keep="first", maintain_order=True).select(
        Col.GRID_ID, pl.col(Col.GRID_ID).alias(Col.NAME), pl.col(Col.PARENT_PATH).fill_null("")
    )
    with writing(engine) as connection:
        insert_rows(connection, grid, rows, "ON CONFLICT (grid_id) DO NOTHING")


def store_crosswalk(engine: Engine, crosswalk: pl.DataFrame) -> None:
    """Store how redrawn grids (old, new, share, at) were divided, in place of what was known.

    Raises:
        UsageError: the shares of an old grid do not sum to 1, or a new grid is not in the grid table.
    """
    sums = crosswalk.group_by("old").agg(pl.col("share").sum()).filter((pl.col("share") - 1).abs() > SHARE_TOLERANCE)
    if not sums.is_empty():
        old, share = sums.sort("old").row(0)
        raise UsageError(f"the shares of each old grid must sum to 1, those of {old!r} sum to {share:g}. Mend the crosswalk.")
    with writing(engine) as connection:
        known = set(connection.execute(select(grid.c.grid_id)).scalars())
        if unknown := sorted(set(crosswalk["new"]) - known):
            raise UsageError(
                f"new grids must be in the grid table, not there: {reprlib.repr(unknown)}. Ingest the grid file that holds them."
            )
        _replace(connection, grid_mapping, crosswalk.select("old", "new", "share", "at"))


def copy_grids(source: Engine, target: Engine) -> None:
    """Store in an empty database what another knows of grids, of what lies beside them, and of redrawn ones."""
    for table in (grid, grid_neighbour, grid_mapping):
        with reading(source) as connection:
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        if rows:
            with writing(target) as connection:
                connection.execute(insert(table), rows)


def _replace(connection: Connection, table: Table, rows: pl.DataFrame) -> None:
    connection.execute(delete(table))
    insert_rows(connection, table, rows)


_SCHEMA = pl.Schema({Col.GRID_ID: pl.String(), Col.AT: pl.Date()})


def registered_grids(engine: Engine) -> pl.DataFrame | None:
    """Return grid_id of the grids that came with a grid file and the day each was redrawn, if it was; None where there are none.

    A grid file gives every grid a position; a grid that was only named by events has none.
    """
    redrawn = select(func.min(grid_mapping.c.at)).where(grid_mapping.c.old == grid.c.grid_id).scalar_subquery()
    query = select(grid.c.grid_id, redrawn).where(grid.c.lon.is_not(None)).order_by(grid.c.grid_id)
    with reading(engine) as connection:
        grids = read_frame(connection, query, _SCHEMA)
    return None if grids.is_empty() else grids
