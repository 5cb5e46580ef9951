"""How long a source was silent, and what its year before foretells."""

import numpy as np
import pytest

from serving.monitoring.completeness import _foretell, _longest_gap

LAST = 400


@pytest.mark.parametrize("silent_days", [28, 200, 600])
def test_longest_gap_begins_with_the_last_report_however_long_ago(silent_days: int) -> None:
    """Measured from the window's first day, a source that is silent for a year is expected to be."""
    own, as_of = np.arange(LAST + 1, dtype=np.int32), LAST + 1 + silent_days

    days, start = _longest_gap(own, as_of - 28, as_of)

    assert (silent_days, LAST + 1) == (days, start)
    assert silent_days == round(_foretell(own, start, days)[0])
