import polars as pl
import pytest

from training.evaluation.largest import Largest, check_largest


def table(expected, most):
    return pl.DataFrame({"as_of": ["2026-01-05"] * 3, "grid_id": ["a", "b", "c"], "expected_lightgbm": expected, "most_expected": most})


def test_check_largest_where_all_is_justified_shows_the_largest():
    found = check_largest(table([0.2, 0.9, 0.1], [2.0, 2.0, 2.0]))

    assert (found.largest, found.beyond, found.rows_beyond) == (Largest("b", "2026-01-05", 0.9, 2.0), None, 0)


def test_check_largest_beyond_is_the_row_furthest_from_what_is_justified():
    found = check_largest(table([5.0, 4.0, 0.1], [4.5, 1.0, 2.0]))

    assert found.beyond == Largest("b", "2026-01-05", 4.0, 1.0)
    assert (found.largest.grid_id, found.rows_beyond) == ("a", 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_check_largest_an_expected_count_that_is_no_number_is_beyond(value):
    assert check_largest(table([0.2, value, 0.1], [2.0, 2.0, 2.0])).rows_beyond == 1
