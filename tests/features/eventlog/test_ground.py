"""Grids that lie wrong although each is a valid shape."""

import numpy as np
import polars as pl
import pytest
import shapely
from sqlalchemy import Engine

from features.eventlog.grids import check_ground, find_neighbours, store_grids
from features.eventlog.ground import shift_between, to_bd09, to_gcj02

SIDE = 0.01


def points(*positions: tuple[float, float]) -> pl.DataFrame:
    ids = [f"g{place}" for place in range(1, len(positions) + 1)]
    lon, lat = zip(*positions, strict=True)
    return pl.DataFrame({"grid_id": ids, "name": ids, "parent_path": "t1/c1", "lon": lon, "lat": lat})


def row_of(count: int) -> list[tuple[float, float]]:
    return [(120.7 + SIDE * place, 30.7) for place in range(count)]


def squares(*, gap: float = 0.0, count: int = 4) -> pl.DataFrame:
    boxes = [shapely.box(lon, lat, lon + SIDE - gap, lat + SIDE) for lon, lat in row_of(count)]
    centres = points(*((shape.centroid.x, shape.centroid.y) for shape in boxes))
    return centres.with_columns(geometry=pl.Series([shape.wkt for shape in boxes]))


@pytest.mark.parametrize("gap", [0.0, 1e-7, 2e-5, -2e-5])
def test_find_neighbours_gaps_and_overlaps_of_metres_part_no_grids(gap: float) -> None:
    pairs = find_neighbours(squares(gap=gap), nearest=2)

    assert [("g1", "g2"), ("g2", "g1"), ("g2", "g3"), ("g3", "g2"), ("g3", "g4"), ("g4", "g3")] == pairs.select("a", "b").rows()


def test_find_neighbours_lone_polygon_has_the_nearest_centroids() -> None:
    grids = squares()
    far = shapely.box(120.9, 30.7, 120.91, 30.71)
    alone = points((120.905, 30.705)).with_columns(grid_id=pl.lit("g5"), geometry=pl.lit(far.wkt))

    pairs = find_neighbours(pl.concat([grids, alone]), nearest=1)

    assert {("g4", "g5"), ("g5", "g4"), ("g1", "g2")} <= set(pairs.select("a", "b").rows())


@pytest.mark.parametrize(("nowhere", "sentence"), [((0.0, 0.0), "at 0, 0 or far away"), ((20.0, 50.0), "at 0, 0 or far away")])
def test_store_grids_grid_that_lies_nowhere_is_told_and_has_no_neighbours(
    nowhere: tuple[float, float], sentence: str, engine: Engine
) -> None:
    store_grids(engine, points(*row_of(5), nowhere), nearest_neighbours=2)

    assert any(sentence in finding and "g6" in finding for finding in check_ground(engine))
    assert "g6" not in find_neighbours(points(*row_of(5), nowhere), 2)["a"].to_list()


def test_store_grids_all_at_one_point_is_told_and_makes_no_pairs(engine: Engine) -> None:
    store_grids(engine, points(*[(120.7, 30.7)] * 10), nearest_neighbours=6)

    assert any("very position of another" in finding for finding in check_ground(engine))
    assert find_neighbours(points(*[(120.7, 30.7)] * 10), 6).is_empty()


def test_store_grids_ground_without_fault_is_told_nothing(engine: Engine) -> None:
    assert [] == store_grids(engine, squares(), nearest_neighbours=2, area_names={"t1/c1": "滨河社区"})
    assert [] == check_ground(engine)


@pytest.mark.parametrize(("convert", "name"), [(to_gcj02, "GCJ-02"), (to_bd09, "BD-09")])
def test_store_grids_positions_in_the_datum_of_a_web_map_are_told(convert, name: str, engine: Engine) -> None:
    grids = squares(count=6)
    lon, lat = convert(grids.select("lon", "lat").to_numpy()).T

    store_grids(engine, grids.with_columns(lon=pl.Series(lon), lat=pl.Series(lat)), nearest_neighbours=2)

    assert any(f"to {name}" in finding and "not in WGS 84" in finding for finding in check_ground(engine))


def test_store_grids_file_in_another_datum_than_the_one_before_is_told(engine: Engine) -> None:
    grids = points(*row_of(6))
    store_grids(engine, grids, nearest_neighbours=2)
    lon, lat = to_gcj02(grids.select("lon", "lat").to_numpy()).T

    told = store_grids(engine, grids.with_columns(lon=pl.Series(lon), lat=pl.Series(lat)), nearest_neighbours=2)

    assert any("All grids moved by" in finding and "GCJ-02" in finding for finding in told)


def test_store_grids_registered_grids_that_a_file_lacks_are_told(engine: Engine) -> None:
    store_grids(engine, points(*row_of(3)), nearest_neighbours=1)

    assert any(
        "1 registered grids are not in the file" in finding for finding in store_grids(engine, points(*row_of(2)), nearest_neighbours=1)
    )


def test_shift_between_grids_that_moved_each_its_own_way_is_none() -> None:
    rng = np.random.default_rng(1)
    before = points(*row_of(20))
    scattered = rng.normal(0, 0.005, (2, 20))

    after = before.with_columns(lon=before["lon"] + pl.Series(scattered[0]), lat=before["lat"] + pl.Series(scattered[1]))

    assert shift_between(before, after) is None


def test_to_gcj02_shifts_hangzhou_by_some_500_metres() -> None:
    """As published for 120.15, 30.28: 120.1546 to 120.1549 and 30.2774 to 30.2777."""
    lon, lat = to_gcj02(np.array([[120.15, 30.28]]))[0]

    assert 120.154 < lon < 120.156
    assert 30.277 < lat < 30.278


def test_store_grids_same_polygon_from_another_corner_is_a_copy_and_one_of_the_same_bounds_is_none(engine: Engine) -> None:
    box = shapely.box(120.7, 30.7, 120.71, 30.71)
    turned = shapely.Polygon([(120.71, 30.71), (120.7, 30.71), (120.7, 30.7), (120.71, 30.7)])
    corner = shapely.Polygon([(120.7, 30.7), (120.71, 30.7), (120.71, 30.71)])
    grids = points((120.705, 30.705), (120.706, 30.706), (120.707, 30.703))

    store_grids(engine, grids.with_columns(geometry=pl.Series([shape.wkt for shape in (box, turned, corner)])), nearest_neighbours=2)

    assert "Grids with the very polygon of another one: g1, g2." in check_ground(engine)
