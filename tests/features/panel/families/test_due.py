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
