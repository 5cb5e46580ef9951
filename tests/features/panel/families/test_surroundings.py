"""Counts around a grid, always without the grid itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.panel.block import Block
from tests.support.event_logs import Case, column, make_panel

BESIDE = (("a", "b", 0.75), ("b", "a", 0.75), ("a", "c", 0.5), ("c", "a", 0.5))
CASES = [
    *[Case("a", 20)] * 8,
    *[Case("b", 21, moves=(("escalated", 22),))] * 4,
    *[Case("c", 22)] * 2,
    Case("d", 23, moves=(("escalated", 24),)),
]
SCOPES = ("_neighbours_", "_community_", "_township_", "_district_")


def around(panel, grid):
    counts = [name for name in panel.names if any(f"_count{scope}" in name for scope in SCOPES)]
    return {name: repr(column(panel, name, grid)) for name in counts}


@pytest.fixture(scope="module")
def panel():
    return make_panel(CASES, [25], neighbours=BESIDE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dispute_count_neighbours_7d", [4 * 0.75 + 2 * 0.5, 8 * 0.75, 8 * 0.5, 0]),
        ("target_count_neighbours_28d", [3, 0, 0, 0]),
        ("dispute_count_community_28d", [4, 8, np.nan, np.nan]),
        ("dispute_count_township_28d", [3, 5, 6, np.nan]),
        ("dispute_count_district_28d", [7 / 3, 11 / 3, 13 / 3, 14 / 3]),
        ("target_count_district_28d", [5 / 3, 1 / 3, 5 / 3, 4 / 3]),
    ],
)
def test_surroundings_are_weighted_sums_of_neighbours_and_means_of_the_others(panel, name, expected):
    np.testing.assert_allclose([column(panel, name, grid)[0] for grid in "abcd"], expected, rtol=1e-6)


own = st.builds(
    Case,
    grid=st.just("a"),
    reported=st.integers(0, 24),
    event_type=st.sampled_from(["dispute", "hazard"]),
    closed=st.none() | st.just(24.5),
)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.lists(own, min_size=1, max_size=6))
def test_surroundings_never_contain_the_grid_itself(cases):
    known = [*CASES, Case("b", 3, event_type="hazard")]
    escalating = [Case("a", case.reported, moves=(("escalated", 24),)) for case in cases]
    before = around(make_panel(known, [25], neighbours=BESIDE), "a")

    assert before == around(make_panel([*known, *cases, *escalating], [25], neighbours=BESIDE), "a")


def test_surroundings_that_contain_the_grid_are_caught(monkeypatch):
    monkeypatch.setattr(Block, "of_area", Block.in_area)

    assert around(make_panel(CASES, [25]), "a") != around(make_panel([*CASES, Case("a", 3)], [25]), "a")


def test_surroundings_without_neighbours_have_no_such_columns():
    assert [] == [name for name in make_panel(CASES, [25]).names if "neighbours" in name]


def test_surroundings_grids_without_a_community_have_no_others_in_it():
    """They are not a community of their own making."""
    panel = make_panel(CASES, [25], grids={"a": "D/T/C", "b": "D/T/C", "c": "", "d": None})

    np.testing.assert_equal([4, 8, np.nan, np.nan], [column(panel, "dispute_count_community_28d", grid)[0] for grid in "abcd"])


def test_surroundings_petitions_are_left_out():
    panel = make_panel([*CASES, Case("b", 20, event_type="petition")], [25], neighbours=BESIDE)

    assert [] == [name for name in panel.names if "petition" in name and any(scope in name for scope in SCOPES)]
