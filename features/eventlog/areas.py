"""The table of areas: what the places above the registered grids are called."""

from collections.abc import Iterator, Mapping

import polars as pl
from sqlalchemy import Connection, delete, select

from features.area_names import names_from_grids
from features.database.bulk import insert_rows
from features.database.tables import area, grid
from features.display import Remark
from features.eventlog.ground import some_of


def name_areas(connection: Connection, stated: Mapping[str, str]) -> list[Remark]:
    """Store what the areas above the registered grids are called, in the transaction that changes the grids.

    A name that a grid file states holds until another file states another; the others are taken from the names of grids.

    Args:
        connection: of a transaction that writes.
        stated: path -> name, of the file at hand.

    Returns: which areas below the top have no name, one sentence, where there are any.
    """
    registered = select(grid.c.parent_path, grid.c.name).where(grid.c.lon.is_not(None))
    grids = [(row.parent_path, row.name) for row in connection.execute(registered)]
    kept = {row.path: row.name for row in connection.execute(select(area.c.path, area.c.name).where(area.c.stated))} | dict(stated)
    paths = {path for parent_path in {parent for parent, _ in grids} for path in _paths_down_to(parent_path)}
    names = {path: name for path, name in (names_from_grids(grids) | kept).items() if path in paths}
    connection.execute(delete(area))
    rows = {"path": list(names), "name": list(names.values()), "stated": [path in kept for path in names]}
    insert_rows(connection, area, pl.DataFrame(rows, {"path": pl.String, "name": pl.String, "stated": pl.Boolean}))
    return list(_nameless(paths, names))


def _paths_down_to(parent_path: str) -> Iterator[str]:
    codes = parent_path.split("/") if parent_path else []
    return ("/".join(codes[:depth]) for depth in range(1, len(codes) + 1))


def _nameless(paths: set[str], names: Mapping[str, str]) -> Iterator[Remark]:
    below_the_top = [path for path in sorted(paths) if "/" in path]
    nameless = [path for path in below_the_top if path not in names]
    if nameless:
        yield Remark(
            f"{len(nameless):,} of {len(below_the_top):,} areas have no name and stand under their codes: {some_of(nameless)}. "
            "State names in the column parent_names of the grid file.",
            zh=f"{len(below_the_top):,}个区域中有{len(nameless):,}个没有名称，以编码显示：{some_of(nameless).zh}。"
            "请在网格文件的parent_names列中写明名称。",
        )
