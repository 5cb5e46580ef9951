"""The grid's own escalations, and how long the log has been watching."""

from features.panel.feature import Use
from tests.support.event_logs import Case, column, make_panel


def test_history_counts_escalations_when_they_became_known():
    panel = make_panel([Case("a", 1, moves=(("escalated", 5, 9),)), Case("b", 0)], [6, 9, 10, 16, 17])

    assert [0, 0, 1, 1, 0] == column(panel, "target_count_grid_7d")
    assert [0, 0, 1, 1, 1] == column(panel, "target_count_grid_14d")


def test_history_days_grow_with_the_log_up_to_a_year():
    assert [1, 1, 10, 365] == column(make_panel([Case("a", 0)], [0, 1, 10, 900]), "history_days")


def test_history_days_are_not_the_models():
    panel = make_panel([Case("a", 0)], [1])

    assert [Use.LEVEL_ONLY] == [feature.use for feature in panel.features if feature.name == "history_days"]
