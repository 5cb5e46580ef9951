import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.facts.arrays import insertion_points, sort_order

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2), st.integers(0, 2)), max_size=12)


def columns(table):
    return [np.array(column, np.int32) for column in zip(*table, strict=True)] or [np.zeros(0, np.int32)] * 3


@given(rows)
def test_sort_order_equals_that_of_plain_code(table):
    first, second, _ = columns(table)

    assert sort_order(first, second).tolist() == sorted(range(len(table)), key=lambda row: table[row][:2])


@given(rows, rows)
def test_insertion_points_keep_rows_sorted(table, new):
    table, new = sorted(table), sorted(new)

    merged = np.insert(np.arange(len(table)), insertion_points(columns(table), columns(new)), np.arange(len(table), len(table) + len(new)))

    assert [[*table, *new][row] for row in merged.tolist()] == sorted([*table, *new])


def test_sort_order_tells_the_largest_days_apart():
    never = np.iinfo(np.int32).max

    assert sort_order(np.array([1, 0, 0], np.int32), np.array([-never, never, 0], np.int32)).tolist() == [2, 1, 0]
