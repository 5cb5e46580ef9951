"""The grid table: grids from a file or from the events themselves, what lies beside them, and redrawn borders."""

import reprlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from scipy.spatial import KDTree
from sqlalchemy import Connection, Engine, Table, delete, func, select

from features.database.bulk import insert_rows, read_frame
from features.database.engine import reading, writing
from features.database.tables import grid, grid_mapping, grid_neighbour
from features.display import Remark
from features.errors import UsageError
from features.eventlog.areas import name_areas
from features.eventlog.ground import ground_findings, misplaced, shift_between, some_of, stacked
from features.eventlog.sequence import advance_grids
from features.facts.crosswalk import closed_grids
from features.schema import GRID_OPTIONAL, GRID_REQUIRED, Col

Positions = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Pairs = tuple[Positions, Positions, Floats]

GAP_DEGREES = 5e-5
"""Borders up to some 5 m apart are one border that was drawn twice."""
GAP_SHARE = 0.02
"""But no gap is larger than this share of a side of a typical grid."""
CORNER_GAPS = 10
"""Polygons whose near borders are shorter than so many gaps meet at a corner only."""
PAIRS, WORKERS = 25_000, 2
"""Pairs of polygons whose common border one thread holds in memory at a time, and threads that work them out."""


def find_neighbours(grids: pl.DataFrame, nearest: int) -> pl.DataFrame:
    """Return pairs (a, b, weight), both directions, the weights of one a summing to 1.

    Polygons that share a border weigh by its length; gaps and overlaps of a few metres do not part them. Where a grid has no polygon, or
    one that touches no other, the nearest centroids stand in and weigh alike. A grid whose position is none has no neighbours.

    Args:
        grids: grid_id, lon, lat in degrees, and geometry as WKT if there is one.
        nearest: how many centroids count as neighbours of a grid; those that count it among theirs are neighbours too.

    Raises:
        UsageError: a geometry cannot be read.
    """
    has_position = grids[Col.LON].is_not_null().to_numpy()
    grids = grids[np.flatnonzero(~(misplaced(grids) & has_position))]
    shared = _sharing_borders(_polygons(grids)) if Col.GEOMETRY in grids.columns else _none()
    alone = np.setdiff1d(np.flatnonzero(~stacked(grids)), shared[0])
    near = _nearest(grids, alone, nearest)
    a, b, weight = (np.concatenate(both) for both in zip(_normalised(shared), near, strict=True))
    ids = grids[Col.GRID_ID]
    pairs = pl.DataFrame({"a": ids[a], "b": ids[b], "weight": weight})
    return pairs.with_columns(pl.col("weight") / pl.col("weight").sum().over("a")).sort("a", "b")


def _none() -> Pairs:
    return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)


def _normalised(pairs: Pairs) -> Pairs:
    """Give a typical border of each grid the weight 1, so that borders and centroids can be weighed together."""
    a, b, weight = pairs
    if not len(a):
        return pairs
    typical = np.bincount(a, weight) / np.maximum(np.bincount(a), 1)
    return a, b, weight / typical[a]


def _polygons(grids: pl.DataFrame) -> npt.NDArray[np.object_]:
    drawn = grids[Col.GEOMETRY]
    shapes = shapely.from_wkt(drawn.to_numpy(), on_invalid="ignore")
    if len(broken := grids.filter(pl.Series(shapely.is_missing(shapes)) & drawn.is_not_null())):
        raise UsageError(f"the geometry of a grid must be WKT such as POLYGON ((...)), that of {broken[Col.GRID_ID][0]!r} is not.")
    return np.asarray(shapely.make_valid(shapes))


def _sharing_borders(polygons: npt.NDArray[np.object_]) -> Pairs:
    """Return pairs of polygons with the length of the border they share, in degrees."""
    size = np.sqrt(shapely.area(polygons))
    if not np.isfinite(size).any():
        return _none()
    gap = min(GAP_DEGREES, GAP_SHARE * float(np.nanmedian(size)))
    a, b = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=gap)
    a, b = a[a < b], b[a < b]
    parts = [slice(start, start + PAIRS) for start in range(0, len(a), PAIRS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        lengths = list(pool.map(lambda part: _border_lengths(polygons[a[part]], polygons[b[part]], gap), parts))
    there, back = np.concatenate([np.empty((2, 0)), *lengths], axis=1)
    a, b, border = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([there, back])
    return a[border > 0], b[border > 0], border[border > 0]


def _border_lengths(one: npt.NDArray[np.object_], other: npt.NDArray[np.object_], gap: float) -> Floats:
    """Return the lengths as each of the two has them, (2, N): a common border is one line, two near ones are not."""
    touch = shapely.intersects(one, other)
    border = np.zeros((2, len(one)))
    border[:, touch] = shapely.length(shapely.intersection(one[touch], other[touch]))
    border[:, ~touch] = _near_length(one[~touch], other[~touch], gap), _near_length(other[~touch], one[~touch], gap)
    return border


def _near_length(one: npt.NDArray[np.object_], other: npt.NDArray[np.object_], gap: float) -> Floats:
    """Return how long the border of one polygon runs within a gap of the other, 0 where they meet at a corner only."""
    length = shapely.length(shapely.intersection(shapely.boundary(one), shapely.buffer(other, 2 * gap)))
    return np.asarray(np.where(length > CORNER_GAPS * gap, length, 0.0))


def _nearest(grids: pl.DataFrame, chosen: Positions, nearest: int) -> Pairs:
    """Return pairs of the chosen grids and the nearest of all, both directions.

    Points are compared on the unit sphere: the nearest by chord are the nearest on the ground, at any latitude.
    """
    there = np.flatnonzero(grids[Col.LON].is_not_null())
    chosen = np.intersect1d(chosen, there)
    count = min(nearest, len(there) - 1)
    if count < 1 or not len(chosen):
        return _none()
    lon, lat = np.radians(grids.select(Col.LON, Col.LAT).to_numpy().astype(np.float64)).T
    points = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    _, near = KDTree(points[there]).query(points[chosen], k=count + 1)
    pairs = np.column_stack([np.repeat(chosen, count + 1), there[near.ravel()]])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    a, b = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0).T
    return a, b, np.ones(len(a))


_POSITION_SCHEMA = pl.Schema({Col.GRID_ID: pl.String(), Col.LON: pl.Float64(), Col.LAT: pl.Float64()})

SHARE_TOLERANCE = 1e-6
"""Largest difference from 1 of the shares of one old grid."""


def store_grids(engine: Engine, grids: pl.DataFrame, nearest_neighbours: int, area_names: Mapping[str, str] | None = None) -> list[Remark]:
    """Store the rows of a grid file, in place of what was known of those grids, and work out what lies beside them.

    Args:
        engine: the open database.
        grids: columns of the flat grid file; the optional ones may be left out; geometry is WKT.
        nearest_neighbours: how many to take from centroids where there are no borders.
        area_names: path -> name of the areas that the file names.

    Returns: what the file changed of grids that were there, and which areas have no name, one sentence each.
    """
    columns = [name for name in (*GRID_REQUIRED, *GRID_OPTIONAL) if name in grids.columns and name in grid.c]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name != Col.GRID_ID)
    rows = grids.select(columns).with_columns(pl.col(Col.NAME).fill_null(pl.col(Col.GRID_ID)), pl.col(Col.PARENT_PATH).fill_null(""))
    neighbours = find_neighbours(grids, nearest_neighbours)
    with writing(engine) as connection:
        before = read_frame(connection, select(grid.c.grid_id, grid.c.lon, grid.c.lat).order_by(grid.c.grid_id), _POSITION_SCHEMA)
        insert_rows(connection, grid, rows, f"ON CONFLICT (grid_id) DO UPDATE SET {changes}")
        _replace(connection, grid_neighbour, neighbours)
        advance_grids(connection)
        nameless = name_areas(connection, area_names or {})
    return [*_changes(before, rows), *nameless]


def check_ground(engine: Engine) -> list[Remark]:
    """Return what is wrong with the registered grids as they lie, one sentence each; grids that are no more do not count."""
    schema = pl.Schema({**_POSITION_SCHEMA, Col.PARENT_PATH: pl.String(), Col.GEOMETRY: pl.String()})
    with reading(engine) as connection:
        grids = read_frame(connection, select(*grid.c[tuple(schema)]).where(grid.c.lon.is_not(None)).order_by(grid.c.grid_id), schema)
        pairs = select(grid_neighbour.c.a, grid_neighbour.c.b)
        neighbours = read_frame(connection, pairs, pl.Schema({"a": pl.String(), "b": pl.String()}))
        closed = closed_grids(read_frame(connection, select(*grid_mapping.c[tuple(_CROSSWALK)]), _CROSSWALK))["old"]
    return list(ground_findings(grids.filter(~pl.col(Col.GRID_ID).is_in(closed.implode())), neighbours))


def _changes(before: pl.DataFrame, rows: pl.DataFrame) -> Iterator[Remark]:
    """Yield what a grid file changed of the grids that were there."""
    registered = before.filter(pl.col(Col.LON).is_not_null())
    gone = registered.join(rows, on=Col.GRID_ID, how="anti")[Col.GRID_ID].to_list()
    if gone:
        advice = "They stay registered; where they were redrawn, say so in a crosswalk."
        yield Remark(
            f"{len(gone):,} registered grids are not in the file: {reprlib.repr(gone)}. {advice}",
            zh=f"有{len(gone):,}个已登记的网格不在文件中：{some_of(gone).zh}。它们仍保持登记；如已调整，请用网格调整对照表说明。",
        )
    if shift := shift_between(registered, rows.select(Col.GRID_ID, Col.LON, Col.LAT)):
        yield Remark(
            f"All grids moved {shift}: this file or the one before is not in WGS 84. Convert it.",
            zh=f"所有网格整体{shift.zh}：本文件或上次的文件不是WGS 84坐标，请转换。",
        )


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
        before = connection.execute(select(func.count()).select_from(grid)).scalar_one()
        insert_rows(connection, grid, rows, "ON CONFLICT (grid_id) DO NOTHING")
        if connection.execute(select(func.count()).select_from(grid)).scalar_one() > before:
            advance_grids(connection)


def store_crosswalk(engine: Engine, crosswalk: pl.DataFrame) -> None:
    """Store how redrawn grids (old, new, share, at) were divided, in place of what was known.

    A grid that keeps its code and gives a part away is among its own successors.

    Raises:
        UsageError: the shares of an old grid on a day do not sum to 1, or a new grid is not in the grid table.
    """
    sums = crosswalk.group_by("old", "at").agg(pl.col("share").sum()).filter((pl.col("share") - 1).abs() > SHARE_TOLERANCE)
    if not sums.is_empty():
        old, at, share = sums.sort("old", "at").row(0)
        raise UsageError(f"the shares of each old grid must sum to 1, those of {old!r} on {at} sum to {share:g}. Mend the crosswalk.")
    with writing(engine) as connection:
        known = set(connection.execute(select(grid.c.grid_id)).scalars())
        if unknown := sorted(set(crosswalk["new"]) - known):
            raise UsageError(
                f"new grids must be in the grid table, not there: {reprlib.repr(unknown)}. Ingest the grid file that holds them."
            )
        _replace(connection, grid_mapping, crosswalk.select("old", "new", "share", "at"))
        advance_grids(connection)


def _replace(connection: Connection, table: Table, rows: pl.DataFrame) -> None:
    connection.execute(delete(table))
    insert_rows(connection, table, rows)


_CROSSWALK = pl.Schema({"old": pl.String(), "new": pl.String(), "at": pl.Date()})


def registered_grids(engine: Engine) -> pl.DataFrame | None:
    """Return grid_id of the grids that came with a grid file and the day each was closed, if it was; None where there are none.

    A grid file gives every grid a position; a grid that was only named by events has none. A grid that gave a part away stays open.
    """
    with reading(engine) as connection:
        query = select(grid.c.grid_id).where(grid.c.lon.is_not(None)).order_by(grid.c.grid_id)
        grids = read_frame(connection, query, pl.Schema({Col.GRID_ID: pl.String()}))
        crosswalk = read_frame(connection, select(*grid_mapping.c[tuple(_CROSSWALK)]), _CROSSWALK)
    closed = closed_grids(crosswalk).rename({"old": Col.GRID_ID})
    return None if grids.is_empty() else grids.join(closed, on=Col.GRID_ID, how="left", maintain_order="left")
