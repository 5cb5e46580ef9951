"""Values that requests share, each made by the first who needs it while the others wait; among them maps and names of places."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar, cast

import shapely
from pydantic_core import from_json
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import grid, grid_neighbour
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING
from serving.maps.drawing import MOST_SHAPES, Outlines, Sheet, draw, grid_ids, lay_out, packed
from serving.maps.place_names import Gazetteer
from serving.maps.polygons import Ground, prepare
from serving.pages.translations import LEVEL_CLASS, NOT_RATED
from serving.rankings.schemas import Level
from serving.server.list_cache import PublishedList

Value = TypeVar("Value")
Key = tuple[object, ...]
"""All that a value depends on; what a reader may see is part of it."""
_MISSING = object()


class Kept:
    """A cache that holds the values used last; a value is never made twice at the same time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Any] = OrderedDict()
        self._making: dict[Key, Lock] = {}
        self._lock = Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made where it is not there; what `make` raises is raised, and nothing is kept of it."""
        with self._lock:
            value = self._look_up(key)
            making = self._making.setdefault(key, Lock()) if value is _MISSING else None
        if making is None:
            return cast("Value", value)
        with making:
            with self._lock:
                value = self._look_up(key)
            return self._make(key, make) if value is _MISSING else cast("Value", value)

    def drop(self, key: Key) -> None:
        """Forget a value."""
        with self._lock:
            self._values.pop(key, None)

    def _look_up(self, key: Key) -> object:
        if key not in self._values:
            return _MISSING
        self._values.move_to_end(key)
        return self._values[key]

    def _make(self, key: Key, make: Callable[[], Value]) -> Value:
        try:
            value = make()
            with self._lock:
                self._values[key] = value
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
            return value
        finally:
            with self._lock:
                self._making.pop(key, None)


DEPTH: dict[Level, int] = {"district": 1, "township": 2, "community": 3}
"""Number of codes in the path of an area."""
LEAST_SHARE = 0.5
"""Of the places of a map, who must have a polygon for it to be drawn from polygons."""
UNLISTED = "-"
"""In place of a level where a list does not know a grid."""


@dataclass(frozen=True)
class MapRequest:
    """Key of a map; the same places give the same map on any list."""

    node: str
    """The map shows what lies at or below it."""
    level: Level
    places: frozenset[str]
    """Paths of what is shown."""
    sheet: Sheet
    spots: frozenset[str] = frozenset()
    """Paths of grids whose places on the map are wanted besides."""


@dataclass(frozen=True)
class PackedMap:
    """A map that the browser draws."""

    file: bytes
    levels: bytes
    """One letter per grid of the file, in its order: the class of its colour, or that the list does not know it."""

    @property
    def drawn(self) -> int:
        """Grids of the list that are on the map."""
        return len(self.levels) - self.levels.count(UNLISTED.encode())


class MapCache:
    """Draws what it is asked for, and remembers it by list: with a list, the grids may be others."""

    def __init__(self, home: Home, kept: Kept) -> None:
        self._home = home
        self._kept = kept

    def make_ready(self, engine: Engine, listed: PublishedList) -> None:
        """Make what the first pages of a list need, so that nobody waits for it."""
        self.names(engine, listed.head.ranking_id)
        whole = listed.within(EVERYTHING, "grid")
        if len(whole) > MOST_SHAPES and self.has_polygons(engine, listed.head.ranking_id, ""):
            self.packed(engine, listed, "")

    def names(self, engine: Engine, ranking_id: str) -> Gazetteer:
        """Return what places are called."""
        return self._kept.get(("names", ranking_id), lambda: Gazetteer.read(engine, self._ground(engine, ranking_id).names()))

    def outlines(self, engine: Engine, ranking_id: str, request: MapRequest) -> Outlines:
        """Return the map of grids, or of the areas that they lie in."""
        ground = self._ground(engine, ranking_id)
        return self._kept.get((ground, request), lambda: _draw(ground, request))

    def has_polygons(self, engine: Engine, ranking_id: str, node: str) -> bool:
        """Tell whether most grids below a node can be drawn as they are."""
        ground = self._ground(engine, ranking_id)
        return self._kept.get(("drawn", ground, node), lambda: ground.share_drawn(node) >= LEAST_SHARE)

    def packed(self, engine: Engine, listed: PublishedList, node: str) -> PackedMap:
        """Return the grids of a list below a node as a file, with the classes of their colours."""
        ranking_id = listed.head.ranking_id
        ground = self._ground(engine, ranking_id)
        file = packed(self._home, ground, node)
        return PackedMap(file, self._kept.get(("levels", ground, ranking_id, node), lambda: self._levels(file, listed)))

    def _levels(self, file: bytes, listed: PublishedList) -> bytes:
        known = self._kept.get(("classes", listed.head.ranking_id), lambda: _classes(listed.within(EVERYTHING, "grid")))
        return "".join(known.get(grid_id, UNLISTED) for grid_id in grid_ids(file)).encode()

    def _ground(self, engine: Engine, ranking_id: str) -> Ground:
        """Return what the maps of a list are drawn from, made anew where it was cleared away meanwhile."""
        key = ("ground", ranking_id)
        ground = self._kept.get(key, lambda: prepare(self._home, engine))
        if ground.file.exists():
            return ground
        self._kept.drop(key)
        return self._kept.get(key, lambda: prepare(self._home, engine))


def draw_around(engine: Engine, grid_id: str, sheet: Sheet) -> Outlines:
    """Return the map of a grid and its neighbours; without polygons there is none, and it is empty."""
    query = (
        select(grid.c.grid_id, grid.c.geometry)
        .where(grid.c.geometry.is_not(None))
        .where((grid.c.grid_id == grid_id) | grid.c.grid_id.in_(select(grid_neighbour.c.b).where(grid_neighbour.c.a == grid_id)))
    )
    with reading(engine) as connection:
        written = {row.grid_id: row.geometry for row in connection.execute(query)}
    if grid_id not in written:
        return Outlines(sheet, {}, {}, {}, {})
    polygons = dict(zip(written, shapely.make_valid(shapely.from_wkt(list(written.values()))), strict=True))
    return draw(polygons, dict.fromkeys(polygons, ()), sheet)


def _draw(ground: Ground, request: MapRequest) -> Outlines:
    known = ground.grids(request.node) if request.level == "grid" else ground.areas(request.node, DEPTH[request.level])
    polygons = {path: shape for path, shape in known.items() if path in request.places}
    missing = len(request.places) - len(polygons)
    if not polygons or len(polygons) < LEAST_SHARE * len(request.places):
        return replace(lay_out(_by_area(sorted(request.places)), request.sheet), missing=missing)
    spots = ground.grids_at(request.spots) if request.spots else {}
    return replace(draw(polygons, {path: _above(path) for path in polygons}, request.sheet, spots), missing=missing)


def _classes(rows: Sequence[bytes]) -> Mapping[str, str]:
    """Return grid_id -> class of its colour."""
    return {row["grid_id"]: LEVEL_CLASS[row["score"]["attention_level"]] if row["score"] else NOT_RATED for row in map(from_json, rows)}


def _above(path: str) -> list[str]:
    """Return the township and the community that a place lies in."""
    codes = path.split("/")
    return ["/".join(codes[:depth]) for depth in (2, 3) if depth < len(codes)]


def _by_area(paths: Sequence[str]) -> dict[str, list[str]]:
    """Group places by the first two areas above them; those that lie in no area are one group."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault("/".join(path.split("/")[:-1][:2]), []).append(path)
    return groups
