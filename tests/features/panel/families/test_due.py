"""Open cases about to become escalations by the clock."""

import pytest

from features.targets import DeadlinePassed, Target
from tests.support.event_logs import Case, column, make_panel

LOG = {
    "target": "overdue",
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"overdue": Target(transitions=("overdue",))},
}


def ten_cases(grid, closed, start=0):
    """Return ten cases that fall due 20 days after the report."""
    return [Case(grid, start + day, closed and start + day + closed, deadline=start + day + 20) for day in range(10)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(3, [0, 1, 1, 0, 0]), (7, [1, 1, 1, 0, 0]), (14, [1, 1, 1, 0, 0]), (28, [1, 1, 1, 0, 0])],
)
def test_due_counts_open_cases_whose_deadline_lies_ahead(days, expected):
    """Due on day 20, closed on day 25: as_of 20 still has the deadline ahead, as_of 21 behind."""
    panel = make_panel([Case("a", 10, closed=25, deadline=20)], [14, 18, 20, 21, 30], **LOG)

    assert expected == column(panel, f"due_count_grid_{days}d")


def test_due_case_closed_in_time_is_counted_until_then():
    panel = make_panel([Case("a", 10, closed=15, deadline=20), Case("b", 1, deadline=90)], [15, 16], **LOG)

    assert [1, 0] == column(panel, "due_count_grid_7d")


def test_due_without_a_clock_rule_there_is_none():
    assert [] == [name for name in make_panel([Case("a", 10, closed=15, deadline=20)], [12]).names if name.startswith("due_")]


def test_due_expected_lies_between_none_and_all():
    cases = [*ten_cases("a", None), *ten_cases("b", 5), *ten_cases("a", None, 60), *ten_cases("b", 19, 60)]
    panel = make_panel(cases, [70], **LOG)

    for grid in "ab":
        assert 0 < column(panel, "due_expected_grid", grid)[0] < column(panel, "due_count_grid_14d", grid)[0] == 4


def test_due_expected_learns_from_how_such_cases_fared():
    """The open cases are alike; those before escalated in one log and were closed in time in the other."""
    now = [Case("a", 100 + day, deadline=115 + day) for day in range(5)]
    bad, good = (make_panel([*ten_cases("a", closed), *ten_cases("b", closed), *now], [110], **LOG) for closed in (None, 15))

    assert column(bad, "due_count_grid_14d") == column(good, "due_count_grid_14d")
    assert column(bad, "due_expected_grid")[0] > 2 * column(good, "due_expected_grid")[0]


def test_due_expected_moves_with_the_grids_own_record():
    """Ten cases of a escalated, ten of b were closed in time; each has one open now."""
    cases = [*ten_cases("a", None), *ten_cases("b", 15), Case("a", 60, deadline=75), Case("b", 60, deadline=75)]
    panel = make_panel(cases, [70], **LOG)

    assert column(panel, "due_expected_grid", "a") > column(panel, "due_expected_grid", "b")


def test_due_expected_nothing_open_is_nothing_expected():
    panel = make_panel(ten_cases("a", 5), [70], **LOG)

    assert [0] == column(panel, "due_expected_grid")
