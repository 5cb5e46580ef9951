"""Maps as SVG, and as one compact file of many thousand grids that the browser draws by itself.

Polygons are simplified together, so that neighbours still meet; grids without a shape are tiles.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

from features.storage.home import Home
from serving.maps.polygons import Ground, Polygons

Shapes = npt.NDArray[np.object_]
Point = tuple[float, float]


@dataclass(frozen=True)
class Sheet:
    """The paper a map is drawn on."""

    width: float
    height: float


@dataclass(frozen=True)
class Outlines:
    """A map, without the values it will show; positions are in pixels of its sheet."""

    sheet: Sheet
    shapes: Mapping[str, str]
    """Place -> path."""
    marks: Mapping[str, Point]
    """Place -> a point inside it."""
    borders: Mapping[str, str]
    """Path of an area above the places -> its border."""
    labels: Mapping[str, Point]
    """Path of an area above the places -> a point inside it."""
    spots: Mapping[str, Point] = field(default_factory=dict)
    """Place that is not drawn itself -> a point inside it."""
    missing: int = 0
    """Places without a polygon."""
    tiled: bool = False
    """Whether the places are squares beside each other, for most have no polygon."""


def draw(
    polygons: Mapping[str, shapely.Geometry],
    above: Mapping[str, Sequence[str]],
    sheet: Sheet,
    spots: Mapping[str, shapely.Geometry] | None = None,
) -> Outlines:
    """Fit polygons into a sheet.

    Args:
        polygons: place -> valid polygon in degrees.
        above: place -> paths of the areas whose borders are drawn as well.
        sheet: the most there is room for; what is returned is as high as the map.
        spots: place -> polygon inside one of the others, of which only a point is wanted.
    """
    spots = spots or {}
    flat, used = flatten(np.array([*polygons.values(), *spots.values()]), sheet)
    shapes = dict(zip(polygons, shapely.coverage_simplify(flat[: len(polygons)], 0.7), strict=True))
    members: dict[str, list[object]] = {}
    for place, shape in shapes.items():
        for area in above[place]:
            members.setdefault(area, []).append(shape)
    areas = {area: shapely.union_all(parts) for area, parts in members.items()}
    return Outlines(
        sheet=used,
        shapes={place: _path(shape) for place, shape in shapes.items()},
        marks=dict(zip(shapes, _points(list(shapes.values())), strict=True)),
        borders={area: _path(shape) for area, shape in areas.items()},
        labels=dict(zip(areas, _points(list(areas.values())), strict=True)),
        spots=dict(zip(spots, _points(list(flat[len(polygons) :])), strict=True)),
    )


def flatten(shapes: Shapes, sheet: Sheet) -> tuple[Shapes, Sheet]:
    """Turn degrees into pixels, north up; small districts are flat."""
    west, south, east, north = shapely.total_bounds(shapes)
    narrowing = np.cos(np.radians((south + north) / 2))
    scale = min(sheet.width / ((east - west) * narrowing), sheet.height / (north - south))

    def to_pixels(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack([(degrees[:, 0] - west) * narrowing * scale, (north - degrees[:, 1]) * scale])

    return shapely.transform(shapes, to_pixels), Sheet((east - west) * narrowing * scale, (north - south) * scale)


def _path(shape: object) -> str:
    """Return the rings of a shape as one SVG path, to a tenth of a pixel."""
    rings = [ring for part in shapely.get_parts(shape) if part.geom_type == "Polygon" for ring in (part.exterior, *part.interiors)]
    return "".join("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)


def _points(shapes: Sequence[object]) -> list[Point]:
    inside = shapely.point_on_surface(shapes)
    return list(zip(shapely.get_x(inside).round(1).tolist(), shapely.get_y(inside).round(1).tolist(), strict=True))


COLUMNS, GAP, LABEL, LARGEST = 3, 24, 26, 44
"""Most blocks beside each other; pixels between them; pixels for their names; side of the largest square."""


def lay_out(townships: Mapping[str, Sequence[str]], sheet: Sheet) -> Outlines:
    """Return a square for every grid of every township, as large as the sheet allows; grids of no township have the name ""."""
    side = next(side for side in range(LARGEST, 0, -1) if side == 1 or _height(townships, side, sheet) <= sheet.height)
    blocks = min(COLUMNS, len(townships))
    columns = _columns(sheet, side, blocks)
    shapes: dict[str, str] = {}
    labels: dict[str, Point] = {}
    marks: dict[str, Point] = {}
    tops = [0.0] * blocks
    for township, grids in townships.items():
        block = tops.index(min(tops))
        left, top = block * (sheet.width + GAP) / blocks, tops[block] + LABEL
        labels[township] = (left, top - 8)
        for number, grid in enumerate(grids):
            x, y = left + number % columns * side, top + number // columns * side
            shapes[grid] = f"M{x:.1f},{y:.1f}h{side - 2}v{side - 2}h{2 - side}Z"
            marks[grid] = (x + side / 2 - 1, y + side / 2 - 1)
        tops[block] = top + -(-len(grids) // columns) * side + GAP
    return Outlines(Sheet(sheet.width, max(tops)), shapes, marks, {}, labels, tiled=True)


def _columns(sheet: Sheet, side: int, blocks: int) -> int:
    return max(int((sheet.width + GAP) / blocks - GAP) // side, 1)


def _height(townships: Mapping[str, Sequence[str]], side: int, sheet: Sheet) -> float:
    blocks = min(COLUMNS, len(townships))
    columns, tops = _columns(sheet, side, blocks), [0.0] * blocks
    for grids in townships.values():
        tops[tops.index(min(tops))] += LABEL + -(-len(grids) // columns) * side + GAP
    return max(tops)


CLOSEST = 16
"""Largest enlargement of a map before its simplified lines show; points are whole units of the sheet enlarged so far."""
TOLERANCE = 0.7
"""Units that a simplified line may be off."""
SHEET = Sheet(688, 628)
"""Room for the map of the command screen."""
MOST_SHAPES = 3_000
"""Polygons of one map that the server draws itself; where there are more, the browser does."""


def packed(home: Home, ground: Ground, node: str) -> bytes:
    """Return the file of the grids below a node; it is made once."""
    path = ground.folder / f"{hashlib.sha256(node.encode()).hexdigest()[:16]}.map"
    if not path.exists():
        part = home.folder(ground.folder) / f"{path.name}.part"
        part.write_bytes(_pack(ground.grids(node), ground.areas(node, node.count("/") + 2 if node else 1)))
        part.replace(path)
    return path.read_bytes()


def pack_all(home: Home, ground: Ground) -> None:
    """Make the files of the whole and of every district that the browser draws."""
    districts = ground.count_drawn()
    for node, drawn in {"": sum(districts.values()), **districts}.items():
        if drawn > MOST_SHAPES:
            packed(home, ground, node)


def grid_ids(file: bytes) -> list[str]:
    """Return the codes of the grids in a file, in its order."""
    _, rings, points, _, _ = np.frombuffer(file, "<u4", 5).tolist()
    return file[4 * (5 + 2 * rings + points) :].decode().split("\n")


def _pack(grids: Polygons, areas: Polygons) -> bytes:
    largest = Sheet(SHEET.width * CLOSEST, SHEET.height * CLOSEST)
    flat, used = flatten(np.array([*grids.values(), *areas.values()]), largest)
    shapes = [*shapely.coverage_simplify(flat[: len(grids)], TOLERANCE), *shapely.simplify(flat[len(grids) :], TOLERANCE)]
    owners, ends, points = _rings(np.array(shapes))
    header = [len(grids), len(ends), len(points), round(used.width), round(used.height)]
    codes = "\n".join(path.rsplit("/", 1)[-1] for path in grids)
    return b"".join([np.array([*header, *ends, *owners], "<u4").tobytes(), points.astype("<u2").tobytes(), codes.encode()])


def _rings(shapes: Shapes) -> tuple[Shapes, Shapes, Shapes]:
    """Return the owner of each ring, the end of each among the points, and the points."""
    parts, part_owner = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    solid = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, ring_part = shapely.get_rings(parts[solid], return_index=True)
    points, point_ring = shapely.get_coordinates(rings, return_index=True)
    return part_owner[solid][ring_part], np.cumsum(np.bincount(point_ring, minlength=len(rings))), points.round()
