"""Open cases, their age, and how fast cases are closed."""

import numpy as np
import pytest

from tests.support.event_logs import Case, column, make_panel

AS_OFS = [10, 11, 18, 26, 31, 41, 200]


@pytest.fixture(scope="module")
def panel():
    """Grid a: reported on day 10, due on 25, closed on 30, reopened on 40; grid b: closed on the day it was reported."""
    return make_panel([Case("a", 10, closed=30, deadline=25, moves=(("reopened", 40),)), Case("b", 10, closed=10.5)], AS_OFS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dispute_open_count_grid", [0, 1, 1, 1, 0, 1, 1]),
        ("dispute_overdue_count_grid", [0, 0, 0, 1, 0, 1, 1]),
        ("dispute_due_count_grid_7d", [0, 0, 0, 1, 0, 1, 1]),
        ("dispute_due_count_grid_28d", [0, 1, 1, 1, 0, 1, 1]),
        ("dispute_open_over_7d_count_grid", [0, 0, 1, 1, 0, 1, 1]),
        ("dispute_open_over_30d_count_grid", [0, 0, 0, 0, 0, 1, 1]),
        ("dispute_open_over_180d_count_grid", [0, 0, 0, 0, 0, 0, 1]),
        ("dispute_closed_count_grid_28d", [0, 0, 0, 0, 1, 1, 0]),
    ],
)
def test_backlog_counts_cases_in_a_state(panel, name, expected):
    assert expected == column(panel, name)


def test_backlog_deadline_of_the_last_day_of_the_window_is_within_it():
    panel = make_panel([Case("a", 1, deadline=17), Case("b", 1, closed=2)], [10, 11])

    assert [0, 1] == column(panel, "dispute_due_count_grid_7d")


def test_backlog_case_closed_on_the_day_it_came_is_never_open(panel):
    assert [0] * len(AS_OFS) == column(panel, "dispute_open_count_grid", "b")
    assert 0 == column(panel, "dispute_handling_days_mean_grid_90d", "b")[1]


def test_backlog_mean_age_counts_from_the_report_and_is_missing_where_none_is_open(panel):
    np.testing.assert_equal([np.nan, 1, 8, 16, np.nan, 31, 190], column(panel, "dispute_open_age_mean_grid"))


def test_backlog_handling_days_are_those_of_what_was_closed(panel):
    np.testing.assert_equal([np.nan, np.nan, np.nan, np.nan, 20, 20, np.nan], column(panel, "dispute_handling_days_mean_grid_90d"))


def test_backlog_of_petitions_is_only_how_the_office_handles_them():
    panel = make_panel([Case("a", 10, closed=90, event_type="petition", deadline=25)], [15, 16, 26])
    states = {name for name in panel.names if name.startswith("petition") and panel.features[panel.names.index(name)].family == "backlog"}

    assert {"petition_open_count_grid", "petition_due_count_grid_10d", "petition_overdue_count_grid"} == states
    assert [1, 1, 1] == column(panel, "petition_open_count_grid")
    assert [0, 1, 1] == column(panel, "petition_due_count_grid_10d")
    assert [0, 0, 1] == column(panel, "petition_overdue_count_grid")
