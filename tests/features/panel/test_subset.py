"""Facts cut down to some grids, and to what a panel can remember."""

import numpy as np

from features.panel.subset import subset, trim
from tests.support.event_logs import Case, days, make_facts

CASES = (
    Case("a", 1, closed=5, moves=(("escalated", 3),)),
    Case("a", 2),
    Case("b", 3, closed=9, moves=(("reopened", 12),)),
    Case("d", 40, moves=(("escalated", 41),)),
)


def cases_of(facts, rows):
    """Return (day of the report, day) of each spell or mark."""
    first = days(0)[0]
    moments = rows.start_day if hasattr(rows, "start_day") else rows.known_day
    return list(zip((facts.cases.known_day[rows.case] - first).tolist(), (moments - first).tolist(), strict=True))


def test_restrict_keeps_rows_with_their_cases_and_renumbers_grids():
    facts = subset(make_facts(CASES), np.array([1, 3], np.int32))

    assert [0, 1] == facts.cases.grid.tolist()
    assert [(3, 3), (3, 12), (40, 40)] == cases_of(facts, facts.spells)
    assert [(40, 41)] == cases_of(facts, facts.target)
    assert [(3, 12)] == cases_of(facts, facts.reopened)
    assert [0, 0, 1] == facts.spells.grid.tolist()


def test_restrict_consecutive_grids_are_views():
    whole = make_facts(CASES)
    part = subset(whole, np.array([0, 1], np.int32))

    assert np.shares_memory(whole.cases.known_day, part.cases.known_day)
    assert [(1, 1), (2, 2), (3, 3), (3, 12)] == cases_of(part, part.spells)


def test_restrict_grid_without_cases_is_empty():
    facts = subset(make_facts(CASES), np.array([2], np.int32))

    assert (0, 0) == (len(facts.cases.grid), len(facts.spells.case))


def test_trim_drops_what_is_over_before_and_what_comes_after():
    """Of the cases on days 1 (closed on 5), 2 (open), 3 (reopened on 12) and 40 only the second and third matter to [20, 30)."""
    first = days(0)[0]
    facts = trim(make_facts(CASES), int(first + 20), int(first + 30))

    assert [2, 3] == (facts.cases.known_day - first).tolist()
    assert [] == facts.target.case.tolist()
