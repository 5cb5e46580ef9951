import pytest

from features.targets import Target
from tests.support.event_logs import Case, column, make_panel

LOG = {"target": "up", "targets": {"up": Target(transitions=("escalated",))}}


@pytest.mark.parametrize(("after", "share"), [(0, 1.0), (7, 0.5), (14, 0.0), (30, 0.0)])
def test_new_cases_weigh_the_share_of_horizons_in_which_the_case_was_not_in_the_log(after, share):
    panel = make_panel([Case("a", 10, moves=(("escalated", 10 + after),))], [60], **LOG)

    assert column(panel, "new_count_grid_90d") == pytest.approx([share], abs=1e-4)


def test_new_cases_reported_only_after_they_happened_weigh_one():
    panel = make_panel([Case("a", 12, occurred=10, moves=(("escalated", 10, 12),))], [60], **LOG)

    assert [1] == column(panel, "new_count_grid_90d")


def test_new_cases_are_left_out_where_all_are_new():
    panel = make_panel([Case("a", 10)], [60], target="new", targets={"new": Target(events={"event_type": "dispute"})})

    assert [] == [name for name in panel.names if name.startswith("new_")]
