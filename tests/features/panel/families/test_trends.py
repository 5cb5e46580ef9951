"""Recent counts against what is usual in this grid."""

import pytest

from tests.support.event_logs import Case, column, make_panel


def daily(grid, first, last):
    return [Case(grid, day) for day in range(first, last)]


@pytest.mark.parametrize("days", [7, 28, 90])
def test_trends_steady_grid_is_as_usual(days):
    panel = make_panel(daily("a", 0, 400), [400], known_through=500)

    assert [pytest.approx(1.0, abs=0.02)] == column(panel, f"dispute_ratio_grid_{days}d")


def test_trends_burst_is_more_and_silence_less_than_usual():
    panel = make_panel([*daily("a", 0, 365), *daily("a", 358, 365), *daily("b", 0, 358)], [365])

    assert column(panel, "dispute_ratio_grid_7d", "a")[0] > 1.5
    assert column(panel, "dispute_ratio_grid_7d", "b")[0] < 0.5


def test_trends_small_counts_stay_near_one():
    panel = make_panel([Case("a", 0), Case("a", 99)], [100])

    assert 1 < column(panel, "dispute_ratio_grid_7d")[0] < 1.5


def test_trends_of_a_grid_without_any_case_is_one():
    panel = make_panel(daily("a", 0, 50), [60])

    assert [1.0] == column(panel, "dispute_ratio_grid_28d", "d")


def test_trends_first_day_of_a_log_stands():
    assert [1.0] == column(make_panel(daily("a", 5, 50), [5]), "dispute_ratio_grid_90d")


def test_trends_of_the_target_are_against_the_usual_level():
    escalating = [Case("a", day, moves=(("escalated", day),)) for day in range(300, 307)]
    panel = make_panel([*daily("b", 0, 300), *escalating], [307])

    assert column(panel, "target_ratio_grid_7d", "a")[0] > 3
    assert 0 < column(panel, "target_ratio_grid_7d", "b")[0] < 1


def test_trends_petitions_have_none():
    panel = make_panel([Case("a", 1, closed=4, event_type="petition")], [9])

    assert [] == [name for name in panel.names if name.startswith("petition") and "ratio" in name]
