from features.targets import DeadlinePassed, Target
from tests.support.event_logs import Case, column, make_panel

LOG = {
    "target": "any",
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"any": Target(transitions=("escalated", "overdue"))},
}
CASES = [
    Case("a", 10, category="labor_wage", deadline=60, moves=(("escalated", 30),)),
    Case("a", 40, category="neighbor", deadline=60),
    Case("a", 41, category="neighbor", closed=44),
]


def test_at_risk_a_case_that_was_counted_is_counted_no_more():
    panel = make_panel(CASES, [29, 30, 31, 43, 45], **LOG)

    assert [1, 1, 0, 2, 1] == column(panel, "dispute_at_risk_count_grid")
    assert [1, 1, 0, 0, 0] == column(panel, "dispute_labor_wage_at_risk_count_grid")
    assert [0, 0, 0, 2, 1] == column(panel, "dispute_neighbor_at_risk_count_grid")


def test_at_risk_ages_and_terms_count_the_same_cases():
    panel = make_panel(CASES, [30, 43, 50], **LOG)

    assert [1, 0, 1] == column(panel, "dispute_at_risk_over_7d_count_grid")
    assert [0, 0, 1] == column(panel, "dispute_at_risk_due_count_grid_14d")


def test_at_risk_is_left_out_where_the_target_counts_new_events():
    panel = make_panel(CASES, [30], target="new", targets={"new": Target(events={"category": ["neighbor"]})})

    assert [] == [name for name in panel.names if "at_risk" in name]
