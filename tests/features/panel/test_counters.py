"""Counters against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.days import NEVER
from features.panel.counters import Edges, Increments, count, decayed, latest

GRIDS = 3
CHANNELS = 2
days_of_log = st.integers(0, 60)
rows = st.lists(
    st.tuples(st.integers(-1, CHANNELS - 1), st.integers(0, GRIDS - 1), days_of_log, st.sampled_from([1.0, 0.5, -2.0])), max_size=25
)
moments = st.lists(st.integers(-5, 70), min_size=1, max_size=6, unique=True).map(sorted)


def increments(rows):
    channel, grid, day, weight = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Increments(
        CHANNELS, np.array(channel, np.int16), np.array(grid, np.int32), np.array(day, np.int32), np.array(weight, np.float64)
    )


@settings(derandomize=True, deadline=None, max_examples=60)
@given(rows, moments)
def test_count_is_the_sum_of_what_lies_before_each_edge(rows, edges):
    cube = count(increments(rows), Edges.over(np.array(edges, np.int32)), GRIDS)
    expected = [
        [[sum(weight for c, g, day, weight in rows if (c, g) == (channel, grid) and day < edge) for grid in range(GRIDS)] for edge in edges]
        for channel in range(CHANNELS)
    ]

    assert expected == cube.tolist()


@settings(derandomize=True, deadline=None, max_examples=60)
@given(rows, moments)
def test_latest_is_the_last_day_before_each_edge(rows, edges):
    last = latest(increments(rows), 1, Edges.over(np.array(edges, np.int32)), GRIDS)
    expected = [
        [max((day for c, g, day, _ in rows if (c, g) == (1, grid) and day < edge), default=-NEVER) for grid in range(GRIDS)]
        for edge in edges
    ]

    assert expected == last.tolist()


@settings(derandomize=True, deadline=None, max_examples=60)
@given(rows, moments)
def test_decayed_weighs_by_age_and_ends_with_the_weights(rows, as_ofs):
    weights = np.array([1.0, 0.5, 0.25, 0.125])
    sums = decayed(increments(rows), 0, np.array(as_ofs, np.int32), weights, GRIDS)
    expected = [
        [
            sum(weight * weights[as_of - day - 1] for c, g, day, weight in rows if (c, g) == (0, grid) and 1 <= as_of - day <= 4)
            for grid in range(GRIDS)
        ]
        for as_of in as_ofs
    ]

    assert expected == sums.tolist()


def test_count_never_is_never_counted():
    cube = count(increments([(0, 0, NEVER, 1.0)]), Edges.over(np.array([0, 100], np.int32)), GRIDS)

    assert 0 == cube.sum()


def test_edges_at_a_day_that_is_none_is_refused():
    with pytest.raises(ValueError, match="was not asked for"):
        Edges.over(np.array([0, 7], np.int32)).at(np.array([3], np.int32))
