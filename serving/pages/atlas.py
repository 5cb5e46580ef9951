"""Maps and names of the places on a list, kept until others are asked for more."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import grid, grid_neighbour
from serving.access.actor import EVERYTHING, Scope
from serving.pages.gazetteer import Gazetteer
from serving.pages.outlines import Outlines, Sheet, draw, merge
from serving.pages.tiles import lay_out
from serving.rows import Level

Kept = TypeVar("Kept")

KEPT = 64
DEPTH: dict[Level, int] = {"district": 1, "township": 2, "community": 3}
"""How many codes stand in the path of an area."""


GridPlace = tuple[str, str, str, str | None]
"""grid_id, parent path, name, WKT."""


@dataclass(frozen=True)
class MapRequest:
    """Which map; the same grids give the same map on any list."""

    node: str
    """The map shows what lies at or below it."""
    level: Level
    listed: frozenset[str]
    """The grids of the list."""
    sheet: Sheet


class Atlas:
    """Draws what it is asked for, and remembers it by list."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._lock = Lock()

    def names(self, engine: Engine, ranking_id: str) -> Gazetteer:
        """Return what places are called."""
        return self._keep((ranking_id,), lambda: Gazetteer.of({_place(row): row[2] for row in _grids(engine, EVERYTHING)}))

    def outlines(self, engine: Engine, request: MapRequest) -> Outlines:
        """Return the map of grids, or of the areas that they lie in."""
        return self._keep((request,), lambda: _draw(_grids(engine, Scope(request.node)), request))

    def _keep(self, key: tuple[object, ...], make: Callable[[], Kept]) -> Kept:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return cast("Kept", self._kept[key])


def draw_around(engine: Engine, grid_id: str, sheet: Sheet) -> Outlines:
    """Return the map of a grid and its neighbours; without polygons there is none, and it is empty."""
    query = (
        select(grid.c.grid_id, grid.c.geometry)
        .where(grid.c.geometry.is_not(None))
        .where((grid.c.grid_id == grid_id) | grid.c.grid_id.in_(select(grid_neighbour.c.b).where(grid_neighbour.c.a == grid_id)))
    )
    with reading(engine) as connection:
        polygons = {row.grid_id: row.geometry for row in connection.execute(query)}
    if grid_id not in polygons:
        return Outlines(sheet, {}, {}, {}, {})
    return draw(polygons, dict.fromkeys(polygons, ()), sheet)


def _draw(found: Sequence[GridPlace], request: MapRequest) -> Outlines:
    rows = [row for row in found if row[0] in request.listed]
    polygons = {grid_id: geometry for grid_id, _, _, geometry in rows if geometry}
    paths = {grid_id: path for grid_id, path, _, _ in rows}
    if len(polygons) < len(rows) or not rows:
        places = paths if request.level == "grid" else {(area := _cut(path, DEPTH[request.level])): area for path in paths.values()}
        return lay_out(_by_township(places), request.sheet)
    if request.level == "grid":
        return draw(polygons, {grid_id: _above(path) for grid_id, path in paths.items()}, request.sheet)
    areas = merge(polygons, {grid_id: _cut(path, DEPTH[request.level]) for grid_id, path in paths.items()})
    return draw(areas, {area: _above(area) for area in areas}, request.sheet)


def _grids(engine: Engine, scope: Scope) -> Sequence[GridPlace]:
    query = select(grid.c.grid_id, grid.c.parent_path, grid.c.name, grid.c.geometry).order_by(grid.c.grid_id)
    with reading(engine) as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return [row for row in rows if scope.covers(_place(row))]


def _place(row: GridPlace) -> str:
    return "/".join(code for code in (row[1], row[0]) if code)


def _cut(path: str, depth: int) -> str:
    return "/".join(path.split("/")[:depth])


def _above(path: str) -> list[str]:
    """Return the township and the community that a path leads through."""
    depth = path.count("/") + 1
    return [_cut(path, each) for each in (2, 3) if each <= depth]


def _by_township(paths: dict[str, str]) -> dict[str, list[str]]:
    townships: dict[str, list[str]] = {}
    for place, path in paths.items():
        townships.setdefault(_cut(path, 2), []).append(place)
    return townships
