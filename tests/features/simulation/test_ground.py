import numpy as np
import polars as pl
import pytest
import shapely

from features.days import day_number, to_date
from features.schema import GRID_OPTIONAL, GRID_REQUIRED, Col
from features.simulation.ground import Ground, make_ground
from features.simulation.preset import Size
from features.simulation.simulate import PRESETS
from tests.support.acceptance import END

CODE = "990101"
REDRAW_DAY = day_number(END)


def ground_of(preset: str, seed: int = 1) -> Ground:
    return make_ground(PRESETS[preset], CODE, REDRAW_DAY, np.random.default_rng(seed))


def shapes_of(grids: pl.DataFrame) -> np.ndarray:
    return shapely.from_geojson(grids[Col.GEOMETRY].to_numpy())


def gaps_and_overlaps(shapes: np.ndarray) -> float:
    """Return how much of the whole is in no polygon or in several."""
    whole = shapely.union_all(shapes)
    return abs(shapely.area(shapely.convex_hull(whole)) - shapely.area(shapes).sum()) / shapely.area(whole)


@pytest.mark.parametrize("preset", ["nanhu", "yingcheng", "tiny"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_grids_tile_the_district(preset: str, when: str) -> None:
    ground = ground_of(preset)
    grids = ground.grids[np.unique(getattr(ground, when))]
    shapes = shapes_of(grids)

    assert PRESETS[preset].size.grids == len(grids)
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert gaps_and_overlaps(shapes) < 1e-9


def test_tiling_check_notices_a_gap_and_an_overlap() -> None:
    shapes = shapes_of((ground := ground_of("tiny")).grids[np.unique(ground.after)])
    shrunk, grown = shapes.copy(), shapes.copy()
    shrunk[3], grown[3] = shapely.buffer(shapes[3], -1e-4), shapely.buffer(shapes[3], 1e-4)

    assert gaps_and_overlaps(shrunk) > 1e-9
    assert gaps_and_overlaps(grown) > 1e-9


@pytest.mark.parametrize("level", [1, 2])
def test_communities_and_townships_are_contiguous(level: int) -> None:
    grids = (ground := ground_of("nanhu")).grids[np.unique(ground.after)]
    areas = grids[Col.PARENT_PATH].str.split("/").list.get(level)
    shapes = shapes_of(grids)

    assert {"Polygon"} == {shapely.union_all(shapes[(areas == area).to_numpy()]).geom_type for area in areas.unique()}
    assert {1: 13, 2: 117}[level] == areas.n_unique()


def test_codes_name_the_areas_above() -> None:
    grids = ground_of("yingcheng").grids
    community = grids[Col.PARENT_PATH].str.split("/").list.get(2)

    assert grids[Col.GRID_ID].is_unique().all()
    assert grids[Col.GRID_ID].str.contains(r"^990101\d{9}$").all()
    assert grids[Col.GRID_ID].str.starts_with(community).all()
    assert {*GRID_REQUIRED, *GRID_OPTIONAL} == set(grids.columns)


def test_crosswalk_hands_every_old_grid_to_new_ones() -> None:
    ground = ground_of("nanhu")
    shares = ground.crosswalk.group_by("old").agg(pl.col("share").sum())
    ids = ground.grids[Col.GRID_ID]

    assert [1.0] == shares["share"].unique().to_list()
    assert set(ground.crosswalk["old"]) == set(ids[ground.before]) - set(ids[ground.after])
    assert set(ground.crosswalk["new"]) == set(ids[ground.after]) - set(ids[ground.before])
    assert 0.05 <= len(shares) / PRESETS["nanhu"].size.grids <= 0.15
    assert [to_date(REDRAW_DAY)] == ground.crosswalk["at"].unique().to_list()


def test_adjacent_parts_share_a_border() -> None:
    ground = ground_of("tiny")
    both = ground.adjacent.toarray() > 0
    polygons = shapes_of(ground.grids)[ground.after]
    touching = shapely.length(shapely.intersection(polygons[:, None], polygons[None, :])) > 0
    same_grid = ground.after[:, None] == ground.after[None, :]

    assert (both == both.T).all()
    assert (touching | same_grid)[both].all()
    assert not both[~(touching | same_grid)].any()
    assert (np.abs(ground.adjacent.sum(axis=1) - 1) < 1e-12).all()


def test_area_types_keep_their_shares() -> None:
    ground = ground_of("nanhu")
    of_community = ground.area_type[np.unique(ground.community, return_index=True)[1]]

    assert np.abs(np.bincount(of_community) / 117 - Size().area_types).max() < 0.01
