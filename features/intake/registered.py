"""Which grids a grid file has vouched for."""

import polars as pl
from sqlalchemy import Engine, func, select

from features.database.bulk import read_frame
from features.database.engine import reading
from features.database.tables import grid, grid_mapping
from features.schema import Col

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
