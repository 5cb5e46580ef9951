"""Frames go into tables as they are."""

from datetime import date

import polars as pl
import pytest
from sqlalchemy import Engine, select

from features.database.bulk import insert_rows, read_frame
from features.database.engine import reading, writing
from features.database.tables import grid

SCHEMA = pl.Schema(
    {
        **{name: pl.String() for name in ("grid_id", "name", "parent_path")},
        "valid_from": pl.Date(),
        "households": pl.Int64(),
        "lon": pl.Float64(),
    }
)


@pytest.mark.parametrize("count", [1, 332, 333, 334, 1000])
def test_insert_rows_of_one_statement_and_of_several_are_all_there(engine: Engine, count: int) -> None:
    """Of six columns 333 rows go in together."""
    days = [date(2026, 1, 1), None]
    rows = [(f"n{number:04}", f"网格{number}", "t1", days[number % 2], number or None, number / 2) for number in range(count)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    with writing(engine) as connection:
        insert_rows(connection, grid, frame)
    with reading(engine) as connection:
        query = select(*grid.c[tuple(SCHEMA)]).where(grid.c.grid_id.startswith("n")).order_by(grid.c.grid_id)

        assert frame.rows() == read_frame(connection, query, SCHEMA).rows()
