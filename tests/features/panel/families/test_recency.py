"""Days since the last case, and counts that fade with age."""

import numpy as np
import pytest

from tests.support.event_logs import Case, column, make_panel


def test_recency_days_since_the_last_case():
    panel = make_panel([Case("a", 10), Case("a", 20)], [10, 11, 21, 385, 386])

    np.testing.assert_equal([np.nan, 1, 1, 365, np.nan], column(panel, "dispute_since_grid"))


@pytest.mark.parametrize("tau", [7, 14, 30])
def test_recency_decayed_count_fades_with_age_and_ends(tau):
    panel = make_panel([Case("a", 10), Case("a", 12)], [11, 13, 10 + 6 * tau, 13 + 6 * tau])
    last = np.exp(-6) + np.exp(-(6 * tau - 2) / tau)

    np.testing.assert_allclose(
        [np.exp(-1 / tau), np.exp(-1 / tau) + np.exp(-3 / tau), last, 0], column(panel, f"dispute_decay_grid_{tau}d"), rtol=2e-5
    )


def test_recency_of_the_target_counts_escalations():
    panel = make_panel([Case("a", 1, moves=(("escalated", 5, 9),))], [9, 12])

    np.testing.assert_equal([np.nan, 3], column(panel, "target_since_grid"))


def test_recency_petitions_have_none():
    assert [] == [name for name in make_panel([Case("a", 1, event_type="petition")], [9]).names if name.startswith("petition_since")]
