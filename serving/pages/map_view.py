"""The map of one day: outlines from the atlas, coloured by what the list says."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sqlalchemy import Engine

from serving.accounts.permissions import Scope
from serving.maps.drawing import SHEET, Outlines
from serving.maps.place_names import Gazetteer
from serving.pages.list_query import Area, ListQuery
from serving.pages.map_cache import MapCache, MapRequest
from serving.pages.ranked_lists import PLACE
from serving.pages.translations import LEVEL_CLASS, NOT_RATED, Translator, often
from serving.rankings.schemas import AreaRow, GridRow, Level, place_of
from serving.server.list_cache import PublishedList
from serving.text import ATTENTION

MOST_LABELS = 40
LABEL_SHIFTS = (0, -24, 24, -44, 44)
"""Pixels that a name may be moved down."""
LABEL_WIDTH, LABEL_HEIGHT = 56, 24
"""Pixels from the middle of a mark to that of a name, from which on they are apart."""
LABEL_EDGE = 40
"""Pixels from the middle of a name to the edge of the sheet, at least."""
OVER_AVERAGE = (1.0, 1.5, 2.5)
"""Multiples of the average expectation per grid at which each step of the colour begins."""

Mark = tuple[str, int, str]


@dataclass(frozen=True)
class Shape:
    """One polygon."""

    path: str
    level: str
    title: str
    address: str = ""
    area: str = ""
    """Path of the area it stands for, where it stands for one."""


@dataclass(frozen=True)
class MarkedPoint:
    """A number that ties the map to a list."""

    x: float
    y: float
    form: str
    number: int
    level: str


@dataclass(frozen=True)
class MapView:
    """Data of the drawing."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    communities: tuple[str, ...]
    townships: tuple[str, ...]
    labels: tuple[tuple[float, float, str], ...]
    marks: tuple[MarkedPoint, ...]
    missing: int
    """Places without a polygon."""
    tiled: bool
    """Whether every place is a square, for most have no polygon."""


@dataclass(frozen=True)
class Ground:
    """Source of a map's outlines and names."""

    engine: Engine
    atlas: MapCache
    ranking_id: str
    names: Gazetteer
    t: Translator
    query: ListQuery

    def outlines(self, node: str, level: Level, places: Iterable[str], spots: Iterable[str] = ()) -> Outlines:
        """Return the outlines of places of a level below a node, and where the grids at some paths lie on the same sheet."""
        request = MapRequest(node, level, frozenset(places), SHEET, frozenset(spots))
        return self.atlas.outlines(self.engine, self.ranking_id, request)

    def has_polygons(self, node: str) -> bool:
        """Tell whether grids below a node can be drawn as they are."""
        return self.atlas.has_polygons(self.engine, self.ranking_id, node)


@dataclass(frozen=True)
class CanvasView:
    """A map of more grids than the server draws; the browser does, from one file."""

    file: str
    """Its address."""
    figures: str
    """Address of the figures of one grid, whose code is appended as `grid`."""
    marks: Mapping[str, Mark]
    """grid_id -> form, number and level class."""
    missing: int
    """Grids without a polygon."""
    tiled: bool = False


def map_many(ground: Ground, listed: PublishedList, node: str, marks: Mapping[str, Mark]) -> CanvasView:
    """Leave the drawing to the browser."""
    missing = len(listed.within(Scope(node), "grid")) - ground.atlas.packed(ground.engine, listed, node).drawn
    badges = {path.rsplit("/", 1)[-1]: mark for path, mark in marks.items()}
    day = {"date": listed.head.entry.origin.as_of, **ground.query.target_named}
    return CanvasView(f"/map?{urlencode(day | {'area': node})}", f"/map/figures?{urlencode(day)}", badges, missing)


def map_grids(ground: Ground, node: str, rows: Sequence[GridRow], marks: Mapping[str, Mark]) -> MapView:
    """Colour grids by their attention level."""
    known = {place_of(row.model_dump(include=PLACE)): row for row in rows}
    outlines = ground.outlines(node, "grid", known)
    shapes = tuple(_grid_shape(ground, known[place], path) for place, path in outlines.shapes.items())
    return _view(ground, outlines, shapes, _marked(outlines.marks, marks))


def map_areas(ground: Ground, area: Area, level: Level, marks: Mapping[str, Mark]) -> MapView:
    """Colour areas by what they expect per grid, against the average of all that are shown; marks stay where their grids lie."""
    areas = area.below[level]
    rated = sum(each.grids - each.not_rated for each in areas)
    average = sum(each.expected_escalations for each in areas) / max(rated, 1)
    known = {each.path: each for each in areas}
    outlines = ground.outlines(area.node, level, known, marks)
    shapes = tuple(_area_shape(ground, known[place], path, average) for place, path in outlines.shapes.items())
    named = outlines if outlines.tiled or len(outlines.marks) > MOST_LABELS else replace(outlines, labels=outlines.marks)
    return _view(ground, named, shapes, _marked(outlines.spots, marks))


def _marked(points: Mapping[str, tuple[float, float]], marks: Mapping[str, Mark]) -> tuple[MarkedPoint, ...]:
    placed = ((points[path], mark) for path, mark in marks.items() if path in points)
    return tuple(MarkedPoint(x, y, form, number, level) for (x, y), (form, number, level) in placed)


def address(**query: str | None) -> str:
    """Return the address of the command screen for an area, level or date."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"/?{given}" if given else "/"


def _grid_shape(ground: Ground, row: GridRow, path: str) -> Shape:
    level = LEVEL_CLASS[row.score.attention_level] if row.score else NOT_RATED
    return Shape(path, level, title_grid(row, ground.t), ground.query.grid_address(row.grid_id))


def title_grid(row: GridRow, t: Translator) -> str:
    """Say a grid and its figures in one line."""
    if row.score is None:
        return f"{row.name} · {t('not_rated')}"
    level = t.of(ATTENTION[row.score.attention_level])
    return t("grid_title", name=row.name, level=level, often=often(row.score.risk, t), rank=row.score.rank)


def _area_shape(ground: Ground, area: AreaRow, path: str, average: float) -> Shape:
    rated = area.grids - area.not_rated
    over = area.expected_escalations / rated / average if rated and average else 0.0
    level = str(sum(over >= step for step in OVER_AVERAGE)) if rated else NOT_RATED
    title = ground.t(
        "area_title",
        name=ground.names.area(area.path),
        grids=area.grids,
        priority=area.priority,
        expected=f"{area.expected_escalations:.1f}",
    )
    return Shape(path, level, title, area=area.path)


def _view(ground: Ground, outlines: Outlines, shapes: tuple[Shape, ...], marks: tuple[MarkedPoint, ...]) -> MapView:
    def border(depth: int) -> tuple[str, ...]:
        return tuple(path for area, path in outlines.borders.items() if area.count("/") == depth)

    sheet, labels = outlines.sheet, tuple(_labels(ground, outlines, marks))
    return MapView(sheet.width, sheet.height, shapes, border(2), border(1), labels, marks, outlines.missing, outlines.tiled)


def _labels(ground: Ground, outlines: Outlines, marks: Sequence[MarkedPoint]) -> Iterator[tuple[float, float, str]]:
    """Yield the names of the widest areas that are more than one, each where no mark hides it; none where there are too many."""
    depths = Counter(area.count("/") for area in outlines.labels)
    depth = next((depth for depth in sorted(depths) if depths[depth] > 1), None)
    if depth is None or depths[depth] > MOST_LABELS:
        return
    for area, (x, y) in outlines.labels.items():
        if area.count("/") == depth:
            free = (shift for shift in LABEL_SHIFTS if outlines.tiled or not any(_hides(mark, x, y + shift) for mark in marks))
            inside = x if outlines.tiled else min(max(x, LABEL_EDGE), outlines.sheet.width - LABEL_EDGE)
            yield inside, y + next(free, 0), ground.names.area(area)


def _hides(mark: MarkedPoint, x: float, y: float) -> bool:
    """Tell whether a mark would lie on a name of some five letters that is written around a point."""
    return abs(mark.x - x) < LABEL_WIDTH and abs(mark.y - y) < LABEL_HEIGHT
