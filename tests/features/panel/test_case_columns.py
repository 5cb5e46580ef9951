"""Columns of case rows: what is known of a case before an as_of."""

import numpy as np
import pytest

from features.days import NEVER
from features.panel.as_ofs import AsOfs
from features.panel.case_columns import CLOSED_COLUMNS, OPEN_COLUMNS, case_key, number_in_case
from features.panel.case_rows import closed_cases, open_cases
from features.targets import DeadlinePassed, Target
from tests.support.event_logs import HORIZON, Case, days, make_facts

LOG = {
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"open": Target(transitions=("escalated", "overdue")), "closed": Target(transitions=("escalated", "overdue", "reopened"))},
}
KNOWN = Case("d", 1, closed=2, moves=(("escalated", 1.5), ("reopened", 4), ("resolved", 5)))
"""A case of long ago from which everybody knows that disputes escalate and come back: it ended once more, by a closing."""


def values(name: str, *cases: Case, as_of: int, closed: bool = False, **log) -> list[float]:
    """Return one column of the rows of grid a at as_of, in the order in which the cases became known."""
    facts = make_facts([KNOWN, *cases], "closed" if closed else "open", **(LOG | log))
    rows = (closed_cases if closed else open_cases)(facts, AsOfs(days(as_of), HORIZON))
    return rows.column(name)[rows.grid == 0].tolist()


@pytest.mark.parametrize(
    ("name", "case", "as_of", "expected"),
    [
        ("age", Case("a", 10, occurred=8), 12, 4),
        ("delay", Case("a", 10, occurred=8, known=11), 12, 3),
        ("days_left", Case("a", 10, deadline=30.9), 12, 18),
        ("days_left", Case("a", 10, deadline=11, moves=(("resolved", 10.5), ("reopened", 11.5))), 12, -1),
        ("falls_due", Case("a", 10, deadline=12), 12, 1),
        ("falls_due", Case("a", 10, deadline=25.9), 12, 1),
        ("falls_due", Case("a", 10, deadline=26), 12, 0),
        ("falls_due", Case("a", 10), 12, 0),
        ("term_passed", Case("a", 10, deadline=12), 12, 0),
        ("term_passed", Case("a", 10, deadline=11, moves=(("resolved", 10.5), ("reopened", 11.5))), 12, 1),
        ("spell", Case("a", 10), 12, 0),
        ("spell", Case("a", 10, closed=10.5, moves=(("reopened", 11), ("resolved", 12), ("reopened", 14))), 15, 2),
        ("group", Case("a", 10, people="5-9"), 12, 1),
        ("group", Case("a", 10, people="3-4"), 12, 0),
        ("self_found", Case("a", 10, self_found=True), 12, 1),
        ("self_found", Case("a", 10, self_found=None), 12, 0),
    ],
)
def test_open_columns_of_one_case(name: str, case: Case, as_of: int, expected: float) -> None:
    assert [expected] == values(name, case, as_of=as_of)


def test_days_left_without_a_term_is_missing() -> None:
    assert np.isnan(values("days_left", Case("a", 10), as_of=12)).all()


def test_days_left_without_a_rule_goes_by_the_deadline_and_falls_due_does_not() -> None:
    case = Case("a", 10, deadline=20)

    assert [8] == values("days_left", case, as_of=12, rules=())
    assert [0] == values("falls_due", case, as_of=12, rules=())


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        (Case("a", 10, closed=11), 1),
        (Case("a", 9.9, closed=11), 0),
        (Case("a", 100.1, closed=100.2), 0),
        (Case("b", 50, closed=51), 0),
        (Case("a", 50, closed=51, category="contract"), 0),
        (Case("a", 50, closed=51, event_type="hazard"), 0),
    ],
    ids=["90 days before", "91 days before", "same day", "another grid", "another category", "another type"],
)
def test_repeat_follows_a_case_of_the_same_kind_and_grid_within_90_days(earlier: Case, expected: float) -> None:
    assert [expected] == values("repeat", earlier, Case("a", 100.5), as_of=101)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Case("a", 10, event_type="police_call"), 1),
        (Case("a", 9.9, event_type="police_call"), 0),
        (Case("a", 69.9, event_type="police_call"), 1),
        (Case("a", 70, event_type="police_call"), 0),
        (Case("a", 80, event_type="police_call"), 0),
        (Case("a", 20, event_type="police_call", category="contract"), 0),
        (Case("b", 20, event_type="police_call"), 0),
        (Case("a", 20, event_type="petition"), 0),
        (Case("a", 20, closed=21), 0),
    ],
    ids=["on its day", "the day before", "day 59", "day 60", "after as_of", "category", "grid", "petition", "same type"],
)
def test_calls_are_reports_of_other_types_since_the_case_began(call: Case, expected: float) -> None:
    assert [expected] == values("calls", Case("a", 10), call, as_of=75)[:1]


def test_waiting_counts_the_rows_of_grid_and_day() -> None:
    assert [2, 2] == values("waiting", Case("a", 10), Case("a", 11), Case("b", 11), as_of=12)


def test_cleared_counts_closings_without_escalation_in_28_days() -> None:
    cases = [
        Case("a", 60, closed=62),
        Case("a", 60, closed=89.9),
        Case("a", 60, closed=90),
        Case("a", 60, closed=70, moves=(("escalated", 65),)),
    ]

    assert [2] == values("cleared_28d", *cases, Case("a", 40), as_of=90)[:1]


def test_grid_share_without_any_ended_case_is_that_of_all() -> None:
    """One spell ended in a year, by a closing; with one of each beside it, a third of all."""
    shares = [values(name, Case("a", 10), as_of=12) for name in ("grid_share_56d", "grid_share_182d", "grid_kind_share_365d")]

    assert [[pytest.approx(1 / 3)]] * 3 == shares


def test_grid_share_counts_ended_cases_of_the_window_drawn_towards_all() -> None:
    """Three ended in grid a, two by escalation; of all four, two: half."""
    ended = [Case("a", 50, moves=(("escalated", 55),)), Case("a", 50, moves=(("escalated", 56),)), Case("a", 50, closed=57)]

    assert (2 + 10 * 0.5) / 13 == pytest.approx(values("grid_share_56d", *ended, Case("a", 58), as_of=60)[-1])


@pytest.mark.parametrize(("as_of", "counted"), [(111, True), (112, False)], ids=["in its last day", "out of it"])
def test_grid_share_forgets_what_ended_before_the_window(as_of: int, counted: bool) -> None:
    share = values("grid_share_56d", Case("a", 50, closed=55), Case("a", 58), as_of=as_of)[-1]
    overall = (0 + 1) / (2 + 2)

    assert (10 * overall / 11 if counted else overall) == pytest.approx(share)


@pytest.mark.parametrize(
    ("name", "case", "expected"),
    [
        ("days_closed", Case("a", 10, closed=15), 5),
        ("handling", Case("a", 10, occurred=8, closed=15), 7),
        ("on_paper", Case("a", 10, closed=15, deadline=22), 1),
        ("on_paper", Case("a", 10, closed=15, deadline=15.9), 1),
        ("on_paper", Case("a", 10, closed=15, deadline=23), 0),
        ("on_paper", Case("a", 10, closed=15, deadline=14), 0),
        ("on_paper", Case("a", 10, closed=15), 0),
        ("spell", Case("a", 10, closed=12, moves=(("reopened", 13), ("resolved", 15))), 1),
        ("group", Case("a", 10, closed=15, people="30+"), 1),
    ],
)
def test_closed_columns_of_one_case(name: str, case: Case, expected: float) -> None:
    assert [expected] == values(name, case, as_of=20, closed=True)


def test_case_key_orders_by_case_then_day_and_never_runs_into_the_next_case() -> None:
    keys = case_key(np.array([0, 0, 1, 1]), np.array([5, NEVER, -NEVER, 5]))

    assert sorted(keys.tolist()) == keys.tolist()
    assert 4 == len(set(keys.tolist()))


def test_number_in_case_of_no_rows_is_none() -> None:
    assert [] == number_in_case(np.zeros(0, np.int32)).tolist()


@pytest.mark.parametrize("columns", [OPEN_COLUMNS, CLOSED_COLUMNS], ids=["open", "closed"])
def test_columns_have_names_of_their_own_and_show_a_value_where_they_have_one(columns: dict) -> None:
    names = [column.name for column in columns]

    assert len(names) == len(set(names))
    assert [column.unit != "yes" for column in columns] == ["{n}" in column.zh for column in columns]
    assert [column.unit != "yes" for column in columns] == ["{n}" in column.en for column in columns]
