"""A jittered lattice cut into rectangles of its cells: polygons that share their vertices, and so tile without gap or overlap."""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

QUADS_PER_PART = 16
"""Lattice cells per part: enough to cut parts in proportion, few enough for short polygons."""
SPACING = 0.0015
"""Degrees between two lattice lines, a part is about 0.4 km2."""
JITTER = 0.3
"""Largest shift of a vertex, in spacings; borders of the whole stay straight, so that districts tile too."""
DIGITS = 6


@dataclass(frozen=True)
class Rect:
    """Lattice cells of rows [top, bottom) and columns [left, right)."""

    top: int
    left: int
    bottom: int
    right: int

    def cut(self, share: float) -> "tuple[Rect, Rect]":
        """Cut across the longer side, the first part with about this share of it."""
        high, wide = self.bottom - self.top, self.right - self.left
        at = min(max(round(max(high, wide) * share), 1), max(high, wide) - 1)
        if high >= wide:
            return Rect(self.top, self.left, self.top + at, self.right), Rect(self.top + at, self.left, self.bottom, self.right)
        return Rect(self.top, self.left, self.bottom, self.left + at), Rect(self.top, self.left + at, self.bottom, self.right)


def divide(rect: Rect, weights: Ints) -> list[Rect]:
    """Divide a rectangle into one for each weight, areas in proportion, those next in order lying next to each other.

    >>> divide(Rect(0, 0, 2, 4), np.array([1, 3]))
    [Rect(top=0, left=0, bottom=2, right=1), Rect(top=0, left=1, bottom=2, right=4)]
    """
    if len(weights) == 1:
        return [rect]
    half = len(weights) // 2
    first, second = rect.cut(float(weights[:half].sum() / weights.sum()))
    return divide(first, weights[:half]) + divide(second, weights[half:])


def lattice_side(parts: int) -> int:
    """Return how many cells wide and high a lattice for so many parts is."""
    return int(np.ceil(np.sqrt(parts * QUADS_PER_PART)))


def make_vertices(side: int, origin: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Return (side + 1, side + 1, 2) longitude and latitude of the vertices, rounded as they are written."""
    rows, columns = np.mgrid[0 : side + 1, 0 : side + 1].astype(np.float64)
    moved = rng.uniform(-JITTER, JITTER, (2, side + 1, side + 1))
    moved[:, [0, -1], :] = 0
    moved[:, :, [0, -1]] = 0
    lon, lat = origin[0] + SPACING * (columns + moved[0]), origin[1] + SPACING * (rows + moved[1])
    return np.round(np.stack([lon, lat], axis=-1), DIGITS)


def outline(rect: Rect, vertices: Floats) -> Floats:
    """Return the closed ring around a rectangle, through every vertex on its way: shape (n, 2)."""
    around = vertices[rect.top : rect.bottom + 1, rect.left : rect.right + 1]
    sides = (around[0, :-1], around[:-1, -1], around[-1, :0:-1], around[:0:-1, 0])
    return np.concatenate([*sides, around[0, :1]])


def to_geojson(ring: Floats) -> str:
    """Write a ring as a GeoJSON polygon."""
    return json.dumps({"type": "Polygon", "coordinates": [ring.tolist()]}, separators=(",", ":"))


def adjacent(rects: list[Rect], side: int) -> Ints:
    """Return (n, 2) pairs of rectangles with a common border, both directions, for rectangles that fill the lattice."""
    label = np.empty((side, side), np.int64)
    for number, rect in enumerate(rects):
        label[rect.top : rect.bottom, rect.left : rect.right] = number
    across = np.stack([label[:, :-1].ravel(), label[:, 1:].ravel()], axis=1)
    down = np.stack([label[:-1].ravel(), label[1:].ravel()], axis=1)
    pairs = np.concatenate([across, down])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
