"""Grids, the areas above them and the grids beside them."""

import numpy as np
import polars as pl
import pytest

from features.facts.places import read_places

PAIRS = {"a": pl.String, "b": pl.String, "weight": pl.Float64}


def places(paths, neighbours=()):
    grids = pl.DataFrame(
        {"grid_id": list(paths), "parent_path": list(paths.values())}, schema={"grid_id": pl.String, "parent_path": pl.String}
    ).with_columns(households=pl.lit(None, pl.Int64), area_type=pl.lit(None, pl.String), valid_from=pl.lit(None, pl.Date))
    return read_places(grids, pl.DataFrame(list(neighbours), schema=PAIRS, orient="row"))


def areas(found, level):
    return [found.levels[level].codes[member] for member in found.levels[level].member]


def test_read_places_orders_grids_by_id():
    assert ["a", "b", "c"] == places({"c": "", "a": "", "b": ""}).grid_ids.tolist()


@pytest.mark.parametrize(
    ("path", "community", "township", "district"),
    [
        ("D/T/C", "D/T/C", "D/T", "D"),
        ("T/C", "T/C", "T", ""),
    ],
)
def test_read_places_path_names_areas_from_the_top(path, community, township, district):
    found = places({"a": path, "b": path})

    assert [[community] * 2, [township] * 2, [district] * 2] == [areas(found, level) for level in ("community", "township", "district")]


def test_read_places_single_name_is_a_township():
    found = places({"a": "T1", "b": "T2"})

    assert ["district", "township"] == sorted(found.levels)
    assert ["T1", "T2"] == areas(found, "township")


def test_read_places_without_paths_are_one_district():
    found = places({"a": None, "b": ""})

    assert ["district"] == list(found.levels)
    assert [[2.0]] == found.levels["district"].sums(np.ones((1, 2))).tolist()


def test_read_places_equal_names_below_different_parents_are_different_areas():
    found = places({"a": "D/T1/C", "b": "D/T2/C"})

    assert 2 == found.levels["community"].size


def test_read_places_neighbours_keep_their_weights_and_strangers_are_left_out():
    found = places({"a": "", "b": ""}, [("a", "b", 0.25), ("b", "a", 0.5), ("a", "z", 1.0)])

    assert [[0, 0.25], [0.5, 0]] == found.neighbours.toarray().tolist()


def test_read_places_without_neighbours_knows_none():
    assert places({"a": ""}).neighbours is None
