"""How far the records can be trusted."""

import numpy as np

from tests.support.event_logs import Case, column, make_panel


def test_quality_gap_is_the_time_since_any_record_but_petitions():
    panel = make_panel([Case("a", 1), Case("a", 5, event_type="hazard"), Case("a", 8, event_type="petition")], [10])

    assert [5] == column(panel, "report_gap_grid")


def test_quality_delay_is_from_what_happened_to_what_was_known():
    panel = make_panel([Case("a", 5, occurred=1, known=7), Case("a", 6), Case("b", 200)], [10, 300])

    np.testing.assert_equal([3, np.nan], column(panel, "report_delay_mean_grid_90d"))
