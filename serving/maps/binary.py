"""Many thousand grids as one compact file, which the browser draws by itself.

Layout, little endian: five 32-bit numbers (grids, rings, points, width, height), then per ring its end among the points and its owner, 32
bits each (owners from `grids` on are borders of areas), then the points, x and y of 16 bits each, then the codes of the grids, one a line.
"""

import hashlib

import numpy as np
import shapely

from features.storage.home import Home
from serving.maps.polygons import Ground, Polygons
from serving.maps.svg import Shapes, Sheet, flatten

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
