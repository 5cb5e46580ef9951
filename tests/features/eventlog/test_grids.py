"""Grids, what lies beside them, and redrawn borders."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import grid
from features.errors import UsageError
from features.eventlog.grids import discover_grids, find_neighbours, store_crosswalk, store_grids
from features.eventlog.read import read_log
from features.storage.home import Home

GRID_FILE = pl.DataFrame(
    {
        "grid_id": ["g1", "n1"],
        "name": ["Harbour", None],
        "parent_path": ["d1/t1/c1", None],
        "lon": [120.0, 120.01],
        "lat": [30.0, 30.0],
        "households": [300, None],
    }
)


def stored(engine: Engine, tmp_path: Path) -> list[tuple]:
    return read_log(Home(tmp_path), engine).grids.select("grid_id", "parent_path", "lon", "households").rows()


def test_store_grids_adds_new_ones_and_replaces_known_ones(engine: Engine, tmp_path: Path) -> None:
    store_grids(engine, GRID_FILE, nearest_neighbours=1)
    store_grids(engine, GRID_FILE, nearest_neighbours=1)

    assert stored(engine, tmp_path) == [
        ("g1", "d1/t1/c1", 120.0, 300),
        ("g2", "t1", None, None),
        ("g3", "t1", None, None),
        ("n1", "", 120.01, None),
    ]
    assert read_log(Home(tmp_path), engine).neighbours.rows() == [("g1", "n1", 1.0), ("n1", "g1", 1.0)]


def test_store_grids_keeps_polygons_for_maps(engine: Engine) -> None:
    store_grids(engine, GRID_FILE.with_columns(geometry=pl.Series(["POLYGON ((0 0, 1 0, 1 1, 0 0))", None])), nearest_neighbours=1)

    with reading(engine) as connection:
        kept = connection.execute(select(grid.c.grid_id, grid.c.geometry).where(grid.c.geometry.is_not(None))).all()
    assert kept == [("g1", "POLYGON ((0 0, 1 0, 1 1, 0 0))")]


def test_discover_grids_known_ones_keep_what_is_known(engine: Engine, tmp_path: Path) -> None:
    store_grids(engine, GRID_FILE, nearest_neighbours=0)
    discover_grids(engine, pl.DataFrame({"grid_id": ["n2", "g1", "n2"], "parent_path": ["ward 1", "elsewhere", "ward 2"]}))

    assert [row for row in stored(engine, tmp_path) if row[0] in {"g1", "n2"}] == [
        ("g1", "d1/t1/c1", 120.0, 300),
        ("n2", "ward 1", None, None),
    ]


@pytest.mark.parametrize("shares", [[0.5, 0.4], [0.5, 0.6]])
def test_store_crosswalk_shares_that_do_not_sum_to_one_are_refused(engine: Engine, shares: list[float]) -> None:
    crosswalk = pl.DataFrame({"old": "g0", "new": ["g1", "g2"], "share": shares, "at": date(2026, 1, 1)})

    with pytest.raises(UsageError, match=f"those of 'g0' on 2026-01-01 sum to {sum(shares):g}"):
        store_crosswalk(engine, crosswalk)


def test_store_crosswalk_new_grid_without_a_place_is_refused(engine: Engine) -> None:
    crosswalk = pl.DataFrame({"old": "g1", "new": ["g2", "far"], "share": 0.5, "at": date(2026, 1, 1)})

    with pytest.raises(UsageError, match="not there: \\['far'\\]"):
        store_crosswalk(engine, crosswalk)


def test_find_neighbours_polygons_weigh_by_the_border_they_share() -> None:
    """b lies along two thirds of a, c along one third; d touches a in a corner only."""
    grids = located(
        a="POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0))",
        b="POLYGON ((3 0, 4 0, 4 2, 3 2, 3 0))",
        c="POLYGON ((3 2, 4 2, 4 3, 3 3, 3 2))",
        d="POLYGON ((3 3, 4 3.5, 4 4, 3 4, 3 3))",
    )

    assert find_neighbours(grids, nearest=6).rows() == [
        ("a", "b", pytest.approx(2 / 3)),
        ("a", "c", pytest.approx(1 / 3)),
        ("b", "a", pytest.approx(2 / 3)),
        ("b", "c", pytest.approx(1 / 3)),
        ("c", "a", pytest.approx(1 / 2)),
        ("c", "b", pytest.approx(1 / 2)),
    ]


def test_find_neighbours_borders_worked_out_part_by_part_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = {f"g{x}{y}": f"POLYGON (({x} {y}, {x + 1} {y}, {x + 1} {y + 1}, {x} {y + 1}, {x} {y}))" for x in range(4) for y in range(3)}
    expected = find_neighbours(located(**squares), nearest=6)

    monkeypatch.setattr("features.eventlog.grids.PAIRS", 5)

    assert find_neighbours(located(**squares), nearest=6).rows() == expected.rows()
    assert expected.height == 34


def test_find_neighbours_geometry_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="that of 'b' is not"):
        find_neighbours(located(a="POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0))", b="somewhere"), nearest=6)


def test_find_neighbours_centroids_are_compared_on_the_ground() -> None:
    """At 60 degrees north a degree of longitude is half a degree of latitude: the nearest of a is b, 1.5 degrees to the east."""
    grids = pl.DataFrame({"grid_id": ["a", "b", "c"], "lon": [10.0, 11.5, 10.0], "lat": [60.0, 60.0, 61.0]})

    assert find_neighbours(grids, nearest=1).rows() == [("a", "b", 0.5), ("a", "c", 0.5), ("b", "a", 1.0), ("c", "a", 1.0)]


def test_find_neighbours_without_any_position_there_are_none() -> None:
    grids = pl.DataFrame({"grid_id": ["a", "b"], "lon": [10.0, None], "lat": [60.0, None]})

    assert find_neighbours(grids, nearest=6).rows() == []


def located(**polygons: str) -> pl.DataFrame:
    positions = {"lon": None, "lat": None}
    return pl.DataFrame({"grid_id": list(polygons), **positions, "geometry": list(polygons.values())})
