"""Facts cut down to some grids, and to what a panel can remember."""

from dataclasses import fields

import numpy as np
import pytest

from features.days import NEVER
from features.panel.subset import known_before, subset, trim, without_petitions
from tests.support.event_logs import Case, Plan, days, draw_cases, make_facts

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


def same_rows(one, other) -> bool:
    """Tell whether two tables of facts hold the same columns to the last value."""
    return all(np.array_equal(getattr(one, column.name), getattr(other, column.name)) for column in fields(one))


@pytest.mark.parametrize("day", [1, 20, 41, 150, 299, 400])
def test_known_before_is_what_a_log_that_ended_then_would_tell(day: int) -> None:
    """Read from the log of that morning, without any later record, the facts are the same: ends that lie ahead are open for both."""
    drawn = [Case("a", 0), *draw_cases(np.random.default_rng(3), 120, ["a", "b", "c", "d"], 300)]
    now = known_before(make_facts(drawn), int(days(day)[0]))
    then = make_facts([case.until(day) for case in drawn if case.known_at < day], known_through=day)
    ended = np.where(then.spells.end_day < days(day)[0], then.spells.end_day, NEVER)

    assert then.cases.known_day.tolist() == now.cases.known_day.tolist()
    assert ended.tolist() == now.spells.end_day.tolist()
    for name in ("target", "hazards", "reopened"):
        assert same_rows(getattr(then, name), getattr(now, name)), name


def test_known_before_leaves_a_case_open_that_was_closed_on_that_day_or_later() -> None:
    facts = make_facts([Case("a", 1, closed=10), Case("a", 2, closed=9)])
    ends = known_before(facts, int(days(10)[0])).spells.end_day

    assert sorted([int(days(9)[0]), NEVER]) == sorted(ends.tolist())


def test_known_before_forgets_later_undertakings_and_that_one_was_changed_later() -> None:
    plans = [Plan("a", 5, 9, name="p"), Plan("a", 5, 20, name="p", version=2, known=8), Plan("b", 12, 14, name="q", known=11)]
    whole = make_facts([Case("a", 1), Case("b", 1)], undertakings=plans)
    then = known_before(whole, int(days(8)[0])).undertakings

    assert (3, 1) == (len(whole.undertakings.grid), len(then.grid))
    assert ([int(days(9)[0])], [NEVER]) == (then.end_day.tolist(), then.until_day.tolist())


def test_known_before_is_complete_through_the_day_before_at_most() -> None:
    facts = make_facts([Case("a", 1)], known_through=50)

    assert [int(days(39)[0]), facts.known_through_day] == [known_before(facts, int(days(day)[0])).known_through_day for day in (40, 400)]


def test_without_petitions_drops_them_with_all_that_happened_to_them_and_keeps_words() -> None:
    petition = Case("a", 2, closed=9, event_type="petition", moves=(("escalated", 4), ("reopened", 12)))
    facts = make_facts([*CASES, petition])
    lawful = without_petitions(facts)

    assert (len(facts.cases.grid) - 1, facts.event_types, facts.kinds) == (len(lawful.cases.grid), lawful.event_types, lawful.kinds)
    for name in ("spells", "target", "hazards", "reopened"):
        assert cases_of(lawful, getattr(lawful, name)) == cases_of(make_facts(CASES), getattr(make_facts(CASES), name)), name


def test_trim_keeps_a_case_that_ends_or_escalates_on_the_first_day_and_drops_one_of_the_day_before() -> None:
    first = days(0)[0]
    cases = [Case("a", 1, closed=20), Case("a", 2, closed=19), Case("b", 3, closed=5, moves=(("reopened", 20),))]
    facts = trim(make_facts(cases), int(first + 20), int(first + 30))

    assert [1, 3] == (facts.cases.known_day - first).tolist()
