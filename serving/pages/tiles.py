"""A map for grids without polygons: one square each, by township, in the order of their codes."""

from collections.abc import Mapping, Sequence

from serving.maps.outlines import Outlines, Point, Sheet

COLUMNS, GAP, LABEL, LARGEST = 3, 24, 26, 44
"""Blocks beside each other; pixels between them; pixels for their names; side of the largest square."""


def lay_out(townships: Mapping[str, Sequence[str]], sheet: Sheet) -> Outlines:
    """Return a square for every grid of every township, as large as the sheet allows."""
    side = next(side for side in range(LARGEST, 0, -1) if side == 1 or _height(townships, side, sheet) <= sheet.height)
    columns = _columns(sheet, side)
    shapes: dict[str, str] = {}
    labels: dict[str, Point] = {}
    marks: dict[str, Point] = {}
    tops = [0.0] * COLUMNS
    for township, grids in townships.items():
        block = tops.index(min(tops))
        left, top = block * (sheet.width + GAP) / COLUMNS, tops[block] + LABEL
        labels[township] = (left, top - 8)
        for number, grid in enumerate(grids):
            x, y = left + number % columns * side, top + number // columns * side
            shapes[grid] = f"M{x:.1f},{y:.1f}h{side - 2}v{side - 2}h{2 - side}Z"
            marks[grid] = (x + side / 2 - 1, y + side / 2 - 1)
        tops[block] = top + -(-len(grids) // columns) * side + GAP
    return Outlines(Sheet(sheet.width, max(tops)), shapes, marks, {}, labels, tiled=True)


def _columns(sheet: Sheet, side: int) -> int:
    return max(int((sheet.width + GAP) / COLUMNS - GAP) // side, 1)


def _height(townships: Mapping[str, Sequence[str]], side: int, sheet: Sheet) -> float:
    columns, tops = _columns(sheet, side), [0.0] * COLUMNS
    for grids in townships.values():
        tops[tops.index(min(tops))] += LABEL + -(-len(grids) // columns) * side + GAP
    return max(tops)
