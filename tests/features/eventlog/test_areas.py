"""The table of areas: stated names before those of grids, and no area without a registered grid."""

from collections.abc import Mapping

import polars as pl
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import area
from features.eventlog.grids import discover_grids, store_grids

FULL_NAMES = {"d/t1/c1": "甲街道滨河社区", "d/t1/c2": "甲街道滨江社区"}


def store(engine: Engine, grid_names: Mapping[str, str], area_names: Mapping[str, str] | None = None) -> list[str]:
    """Store a grid for each community, which has the name of its grid, and return the remarks about names."""
    grids = pl.DataFrame(
        {
            "grid_id": [f"n{number}" for number, _ in enumerate(grid_names)],
            "name": [f"{name}第1网格" for name in grid_names.values()],
            "parent_path": list(grid_names),
            "lon": [120.0 + number / 100 for number, _ in enumerate(grid_names)],
            "lat": 30.0,
        }
    )
    return [str(remark) for remark in store_grids(engine, grids, 1, area_names) if "have no name" in remark]


def stored(engine: Engine) -> dict[str, tuple[str, bool]]:
    with reading(engine) as connection:
        return {row.path: (row.name, row.stated) for row in connection.execute(select(area))}


def test_name_areas_without_stated_names_takes_those_of_grids(engine: Engine) -> None:
    store(engine, FULL_NAMES)

    assert {"d/t1": ("甲街道", False), "d/t1/c1": ("滨河社区", False), "d/t1/c2": ("滨江社区", False)} == stored(engine)


def test_name_areas_names_of_grids_follow_the_next_file(engine: Engine) -> None:
    store(engine, FULL_NAMES)
    store(engine, {"d/t1/c1": "乙街道滨河社区", "d/t1/c2": "乙街道滨江社区"})

    assert ("乙街道", False) == stored(engine)["d/t1"]


def test_name_areas_stated_name_holds_until_another_is_stated(engine: Engine) -> None:
    store(engine, FULL_NAMES, {"d": "示例区", "d/t1": "甲街道办事处"})
    store(engine, FULL_NAMES)
    kept = stored(engine)
    store(engine, FULL_NAMES, {"d/t1": "甲街道"})

    assert (("示例区", True), ("甲街道办事处", True), ("滨河社区", False)) == (kept["d"], kept["d/t1"], kept["d/t1/c1"])
    assert (("示例区", True), ("甲街道", True)) == (stored(engine)["d"], stored(engine)["d/t1"])


def test_name_areas_area_that_no_grid_lies_in_any_more_is_left_out(engine: Engine) -> None:
    store(engine, FULL_NAMES, {"d/t1": "甲街道"})
    store(engine, {"d/t2/c1": "乙街道滨河社区", "d/t2/c2": "乙街道滨江社区"})

    assert ["d/t2", "d/t2/c1", "d/t2/c2"] == sorted(stored(engine))


def test_name_areas_grid_that_only_events_name_takes_no_name_away(engine: Engine) -> None:
    store(engine, FULL_NAMES)
    discover_grids(engine, pl.DataFrame({"grid_id": ["X9"], "parent_path": ["d/t1/c1"]}))
    store(engine, FULL_NAMES)

    assert ("滨河社区", False) == stored(engine)["d/t1/c1"]


def test_name_areas_says_which_areas_below_the_top_have_no_name(engine: Engine) -> None:
    nameless = store(engine, {"d/t1/c1": "", "d/t1/c2": ""}, {"d/t1/c2": "滨江社区"})
    named = store(engine, FULL_NAMES)

    advice = "State names in the column parent_names of the grid file."
    assert ([f"2 of 3 areas have no name and stand under their codes: d/t1, d/t1/c1. {advice}"], []) == (nameless, named)
