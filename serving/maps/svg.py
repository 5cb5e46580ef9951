"""Maps as SVG: polygons simplified together, so that neighbours still meet, and tiles for grids without a shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

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
