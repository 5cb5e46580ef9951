"""The grid table: grids from a file or from the events themselves, what lies beside them, and redrawn borders."""

import reprlib

import polars as pl
from sqlalchemy import Connection, Engine, Table, delete, insert, select

from features.database.bulk import insert_rows
from features.database.engine import reading, writing
from features.database.tables import grid, grid_mapping, grid_neighbour
from features.errors import UsageError
from features.eventlog.neighbours import find_neighbours
from features.schema import GRID_OPTIONAL, GRID_REQUIRED, Col

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
