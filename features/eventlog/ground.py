"""Checks of the ground: grids that lie wrong although each of them is a valid shape, or by the shifted coordinates of Chinese web maps.

GCJ-02 and BD-09 are computed as published formulas approximate them.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from features.display import Remark
from features.schema import Col

Flags = npt.NDArray[np.bool_]

METRES_PER_DEGREE = 111_320.0
NOWHERE_DEGREES = 0.01
"""Closer than this to 0, 0 lies no grid: it is what systems write for a position they do not know."""
FAR_TIMES, FAR_METRES = 10.0, 50_000.0
"""A grid so many times further from the middle than half of the others, and this far at least, is none of theirs."""
SHIFT_METRES, SAME_SHIFT, DATUM_METRES = 100.0, 0.3, 40.0
"""A shift that all grids share within 30 % of it is one of the datum; one that is known is met within 40 m."""
SHOWN = 3

Floats = npt.NDArray[np.float64]

_A, _E2 = 6378245.0, 0.00669342162296594323
"""Krasovsky's ellipsoid: half axis in metres, and its eccentricity squared."""
_BD_PI = np.pi * 3000 / 180


def to_gcj02(degrees: Floats) -> Floats:
    """Return (N, 2) positions of WGS 84, lon and lat, as GCJ-02 shows them: some 500 m beside."""
    lon, lat = degrees.T
    x, y = lon - 105.0, lat - 35.0
    waves = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (
        (waves + 20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi) + 160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    )
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (
        (waves + 20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi) + 150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    )
    magic = 1 - _E2 * np.sin(np.radians(lat)) ** 2
    north_degrees = np.degrees(north / (_A * (1 - _E2) / magic**1.5))
    east_degrees = np.degrees(east / (_A / np.sqrt(magic) * np.cos(np.radians(lat))))
    return np.column_stack([lon + east_degrees, lat + north_degrees])


def to_bd09(degrees: Floats) -> Floats:
    """Return (N, 2) positions of WGS 84, lon and lat, as BD-09 shows them."""
    x, y = to_gcj02(degrees).T
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_PI)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_PI)
    return np.column_stack([z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006])


DATUMS: dict[str, Callable[[Floats], Floats]] = {"GCJ-02": to_gcj02, "BD-09": to_bd09}


def misplaced(grids: pl.DataFrame) -> Flags:
    """Tell which grids have a position that is none: none at all, at 0, 0, or far away from all others."""
    lon, lat = (grids[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in (Col.LON, Col.LAT))
    nowhere = ~np.isfinite(lon) | ~np.isfinite(lat) | ((np.abs(lon) < NOWHERE_DEGREES) & (np.abs(lat) < NOWHERE_DEGREES))
    if nowhere.all():
        return np.asarray(nowhere)
    middle = np.array([np.median(lon[~nowhere]), np.median(lat[~nowhere])])
    distance = np.hypot(*_metres(np.column_stack([lon, lat]) - middle, float(middle[1])))
    limit = max(FAR_TIMES * float(np.median(distance[~nowhere])), FAR_METRES)
    return np.asarray(nowhere | (distance > limit))


def stacked(grids: pl.DataFrame) -> Flags:
    """Tell which grids share their exact position with another one: it stands for something else than where they are."""
    positions = grids.select(Col.LON, Col.LAT)
    return np.asarray((positions.is_duplicated() & positions[Col.LON].is_not_null()).to_numpy())


def ground_findings(grids: pl.DataFrame, neighbours: pl.DataFrame) -> Iterator[Remark]:
    """Yield what is wrong with the grids as they lie: one sentence each, in degrees of WGS 84.

    Args:
        grids: grid_id, parent_path, lon, lat; geometry as WKT where there is one.
        neighbours: a and b of the pairs that were found.
    """
    located = grids.filter(pl.col(Col.LON).is_not_null())
    ids = located[Col.GRID_ID]
    if (lost := misplaced(located)).any():
        some = _some(ids, lost)
        yield Remark(
            f"Grids at 0, 0 or far away from all others, which get no neighbours: {some}. Mend their positions.",
            zh=f"位于0,0或远离其他网格、因而没有相邻网格的网格：{some.zh}。请更正其位置。",
        )
    if (alike := stacked(located)).any():
        some = _some(ids, alike)
        yield Remark(
            f"Grids at the very position of another one: {some}. Give each grid its own.",
            zh=f"位置完全相同的网格：{some.zh}。请分别给出位置。",
        )
    alone = ~located[Col.GRID_ID].is_in(neighbours["a"].implode()).to_numpy()
    if alone.any() and located.height > 1:
        some = _some(ids, alone)
        yield Remark(
            f"Grids without neighbours: {some}. What happens around them is not known.",
            zh=f"没有相邻网格的网格：{some.zh}。其周边情况无从得知。",
        )
    if Col.GEOMETRY in located.columns and located[Col.GEOMETRY].null_count() != located.height:
        yield from _findings_of_shapes(located)
    yield from _findings_of_paths(grids)


def shift_between(before: pl.DataFrame, after: pl.DataFrame) -> Remark | None:
    """Return how all grids that are in both moved alike, as they do when a file is in another datum; None where they did not.

    Args:
        before: grid_id, lon, lat.
        after: the same.
    """
    both = before.join(after, on=Col.GRID_ID, suffix="_after").drop_nulls([Col.LON, f"{Col.LON}_after"])
    one, other = both.select(Col.LON, Col.LAT).to_numpy(), both.select(f"{Col.LON}_after", f"{Col.LAT}_after").to_numpy()
    return _describe_shift(one, other)


def _describe_shift(one: Floats, other: Floats) -> Remark | None:
    if len(one) < SHOWN:
        return None
    east, north = _metres(other - one, float(np.median(one[:, 1])))
    shift = float(np.hypot(np.median(east), np.median(north)))
    scatter = float(np.median(np.hypot(east - np.median(east), north - np.median(north))))
    if shift < SHIFT_METRES or scatter > SAME_SHIFT * shift:
        return None
    for name, convert in DATUMS.items():
        for there, start, end in (("to", one, other), ("from", other, one)):
            if float(np.median(np.hypot(*_metres(convert(start) - end, float(start[0, 1]))))) < DATUM_METRES:
                zh = f"转换为{name}" if there == "to" else f"由{name}转换而来"
                return Remark(f"by {shift:,.0f} m, as {there} {name}", zh=f"偏移{shift:,.0f}米（如同坐标{zh}）")
    return Remark(f"by {shift:,.0f} m", zh=f"偏移{shift:,.0f}米")


def _findings_of_shapes(located: pl.DataFrame) -> Iterator[Remark]:
    if missing := located[Col.GEOMETRY].null_count():
        without = located[Col.GEOMETRY].is_null().to_numpy()
        some = _some(located[Col.GRID_ID], without)
        yield Remark(f"Grids without a polygon among others that have one: {some}.", zh=f"其他网格有边界而自身没有边界的网格：{some.zh}。")
    drawn = located.drop_nulls(Col.GEOMETRY) if missing else located
    shapes = shapely.from_wkt(drawn[Col.GEOMETRY].to_numpy(), on_invalid="ignore")
    inside = shapely.centroid(shapes)
    positions = drawn.select(Col.LON, Col.LAT).to_numpy()
    if shift := _describe_shift(np.column_stack([shapely.get_x(inside), shapely.get_y(inside)]), positions):
        yield Remark(
            f"Positions lie beside their polygons {shift}: one of the two is not in WGS 84. Convert it.",
            zh=f"位置与边界整体{shift.zh}：其中之一不是WGS 84坐标，请转换。",
        )
    if (copies := _copies(shapes)).any():
        some = _some(drawn[Col.GRID_ID], copies)
        yield Remark(f"Grids with the very polygon of another one: {some}.", zh=f"边界完全相同的网格：{some.zh}。")


def _copies(shapes: npt.NDArray[np.object_]) -> Flags:
    """Tell which polygons are the same as another one: those of the same bounds are compared point by point."""
    copies = pl.DataFrame(shapely.bounds(shapes)).is_duplicated().to_numpy().copy()
    copies[copies] = pl.Series(shapely.to_wkb(shapely.normalize(shapes[copies])), dtype=pl.Binary).is_duplicated().to_numpy()
    return np.asarray(copies)


def _findings_of_paths(grids: pl.DataFrame) -> Iterator[Remark]:
    paths = grids[Col.PARENT_PATH].fill_null("")
    levels = paths.filter(paths != "").str.count_matches("/", literal=True).unique().sort() + 1
    if len(levels) > 1:
        depths = ", ".join(str(depth) for depth in levels)
        yield Remark(
            f"Paths above the grids have {depths} levels: areas of one kind then stand on different levels.",
            zh=f"网格的上级路径层数不一（{depths.replace(', ', '、')}层）：同类区域因此处在不同层级。",
        )


def _metres(degrees: Floats, latitude: float) -> tuple[Floats, Floats]:
    """Return how far east and north (N, 2) differences in degrees reach at a latitude."""
    east, north = degrees.T * METRES_PER_DEGREE
    return east * np.cos(np.radians(latitude)), north


def _some(ids: pl.Series, rows: Flags) -> Remark:
    return some_of(ids.filter(pl.Series(rows)).to_list())


def some_of(ids: list[str]) -> Remark:
    """Name the first of some grids and say how many more there are."""
    more = len(ids) - SHOWN
    en, zh = (f" and {more:,} more", f"等共{len(ids):,}个") if more > 0 else ("", "")
    return Remark(f"{', '.join(ids[:SHOWN])}{en}", zh=f"{'、'.join(ids[:SHOWN])}{zh}")
