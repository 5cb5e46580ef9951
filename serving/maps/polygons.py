"""Polygons of grids and of the areas above them, joined once and kept in the home: no map joins any while somebody waits."""

import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import shapely
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import grid
from features.facts.places import UPPER_LEVELS
from features.storage.home import Home

Polygons = Mapping[str, shapely.Geometry]
"""Path in the grid tree, the place itself last -> polygon in degrees."""

COLUMNS = {"path": pl.String, "name": pl.String, "shape": pl.Binary}
"""Path of a place, the name of a grid (areas have none), and its polygon as WKB, where it has one."""
GRIDS, DRAWN = pl.col("name").is_not_null(), pl.col("shape").is_not_null()
DEPTH = len(UPPER_LEVELS)
"""Levels of areas above a grid."""
KEPT = 2
"""Grounds in a home: a server draws from the one before until it has seen the next list."""


@dataclass(frozen=True)
class Ground:
    """Source of maps, as long as the grid table stays as it is."""

    folder: Path
    """Named by the content of the grid table."""

    @property
    def file(self) -> Path:
        """Paths, names and polygons."""
        return self.folder / "polygons.parquet"

    def share_drawn(self, node: str) -> float:
        """Return the share of the grids at or below a node that have a polygon; 0 where there are no grids."""
        return self._found(node, GRIDS).select(DRAWN.mean()).collect().item() or 0.0

    def count_drawn(self) -> dict[str, int]:
        """Return the number of grids that have a polygon, by the first code of their paths."""
        first = pl.col("path").str.split("/").list.first().alias("first")
        return dict(self._found("", GRIDS, DRAWN).group_by(first).len().sort("first").collect().iter_rows())

    def names(self) -> dict[str, str]:
        """Return the names of all grids, by path."""
        found = self._found("", GRIDS).collect()
        return dict(zip(found["path"], found["name"], strict=True))

    def grids(self, node: str = "") -> dict[str, shapely.Geometry]:
        """Return the grids that have a polygon at or below a node."""
        return self._read(node, GRIDS)

    def grids_at(self, paths: Collection[str]) -> dict[str, shapely.Geometry]:
        """Return the grids at some paths that have a polygon."""
        return self._read("", GRIDS & pl.col("path").is_in(sorted(paths)))

    def areas(self, node: str, depth: int) -> dict[str, shapely.Geometry]:
        """Return the areas whose paths have `depth` codes, at or below a node."""
        return self._read(node, ~GRIDS & (pl.col("path").str.count_matches("/") == depth - 1))

    def _read(self, node: str, wanted: pl.Expr) -> dict[str, shapely.Geometry]:
        found = self._found(node, wanted, DRAWN).collect()
        return dict(zip(found["path"], shapely.from_wkb(found["shape"].to_list()), strict=True))

    def _found(self, node: str, *wanted: pl.Expr) -> pl.LazyFrame:
        path = pl.col("path")
        inside = (path == node) | path.str.starts_with(f"{node}/") if node else pl.lit(value=True)
        return pl.scan_parquet(self.file).filter(*wanted, inside)


def prepare(home: Home, engine: Engine) -> Ground:
    """Return the ground of the grid table as it is now; polygons are joined only where that was not done before."""
    query = select(grid.c.grid_id, grid.c.parent_path, grid.c.name, grid.c.geometry).order_by(grid.c.grid_id)
    with reading(engine) as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    ground = Ground(home.maps / hashlib.sha256(repr(rows).encode()).hexdigest()[:16])
    if not ground.file.exists():
        _write(home, ground, {_path(row[0], row[1]): (row[2], row[3]) for row in rows})
        _clear_away(home)
    return ground


def join(grids: Polygons) -> dict[str, shapely.Geometry]:
    """Return the polygons of all areas above some grids, each joined from the level below.

    >>> square = shapely.box(0, 0, 1, 1)
    >>> sorted(join({"d/t/c/g": square, "d/t/h": square}))
    ['d', 'd/t', 'd/t/c']
    """
    areas: dict[str, shapely.Geometry] = {}
    loose = dict(grids)
    for depth in range(DEPTH, 0, -1):
        members: dict[str, list[shapely.Geometry]] = {}
        for path in [path for path in loose if path.count("/") >= depth]:
            members.setdefault("/".join(path.split("/")[:depth]), []).append(loose.pop(path))
        joined = {area: shapely.union_all(parts) for area, parts in members.items()}
        areas |= joined
        loose |= joined
    return areas


def _path(grid_id: str, parent_path: str) -> str:
    return "/".join([*parent_path.split("/")[:DEPTH], grid_id] if parent_path else [grid_id])


def _write(home: Home, ground: Ground, grids: Mapping[str, tuple[str, str | None]]) -> None:
    """Write what places are called and their polygons, whole or not at all."""
    written = {path: geometry for path, (_, geometry) in grids.items() if geometry}
    drawn = dict(zip(written, shapely.make_valid(shapely.from_wkt(list(written.values()))), strict=True))
    areas = join(drawn)
    names = [name for name, _ in grids.values()] + [None] * len(areas)
    shapes = shapely.to_wkb([*(drawn.get(path) for path in grids), *areas.values()]).tolist()
    part = home.folder(ground.folder) / "polygons.part"
    pl.DataFrame({"path": [*grids, *areas], "name": names, "shape": shapes}, COLUMNS).write_parquet(part)
    part.replace(ground.file)


def _clear_away(home: Home) -> None:
    """Remove all grounds but the last few: each can be made again from a grid table like its own."""
    written = sorted(home.maps.glob("*/polygons.parquet"), key=lambda file: file.stat().st_mtime_ns)
    for file in written[:-KEPT]:
        shutil.rmtree(file.parent)
