"""Case rows by hand, against plain code, and against the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.days import NEVER
from features.facts.derive import read_facts
from features.facts.facts import Outcome
from features.panel import case_rows
from features.panel.as_ofs import AsOfs
from features.panel.case_rows import closed_cases, open_cases
from features.targets import DeadlinePassed, Target
from tests.support.event_logs import HORIZON, SETTINGS, Case, days, make_log
from training.learning.labels import case_outcomes

LOG = {
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"any": Target(transitions=("escalated", "overdue", "reopened"))},
}
KNOWN = Case("d", 1, closed=2, moves=(("escalated", 1.5), ("reopened", 4)))
"""A case of long ago that tells everybody that disputes escalate and come back."""


def tables(cases, as_ofs):
    facts = read_facts(make_log([KNOWN, *cases], **LOG), "any", SETTINGS)
    when = AsOfs(days(*as_ofs), HORIZON)
    return facts, open_cases(facts, when), closed_cases(facts, when)


def of_grid(rows, grid, name):
    return rows.column(name)[rows.grid == grid].tolist()


def test_open_cases_are_at_risk_from_the_day_after_their_report_until_they_are_counted_or_closed():
    cases = [Case("a", 10, moves=(("escalated", 20, 22),)), Case("b", 10, closed=15)]
    _, rows, _ = tables(cases, [10, 11, 15, 16, 22, 23])

    assert [1, 5, 12] == of_grid(rows, 0, "age")[:1] + of_grid(rows, 0, "age")[1:2] + of_grid(rows, 0, "age")[-1:]
    assert [1, 2, 3, 4] == rows.as_of[rows.grid == 0].tolist()
    assert [1, 2] == rows.as_of[rows.grid == 1].tolist()


def test_open_cases_are_unknown_before_anything_of_their_type_escalated():
    facts = read_facts(make_log([Case("a", 1), Case("b", 1, moves=(("escalated", 9),))], **LOG), "any", SETTINGS)
    rows = open_cases(facts, AsOfs(days(5, 9, 10), HORIZON))

    assert [2] == rows.as_of[rows.grid == 0].tolist()


def test_open_cases_tell_term_repeat_and_calls():
    earlier = Case("a", 8, closed=9, category="labor_wage")
    call = Case("a", 14, event_type="police_call", category="labor_wage")
    _, rows, _ = tables([earlier, Case("a", 10, category="labor_wage", deadline=25), call], [13, 15, 26])

    assert [12, 10] == of_grid(rows, 0, "days_left")[:2]
    assert [1, 1] == of_grid(rows, 0, "falls_due")[:2]
    assert [1, 1] == of_grid(rows, 0, "repeat")[:2]
    assert [0, 1] == of_grid(rows, 0, "calls")[:2]
    assert 2 == len(of_grid(rows, 0, "age")), "past its term it is counted"


def test_open_cases_tell_how_others_of_their_grid_and_kind_ended():
    """Of three cases of the year one escalated: 2 in 5, drawn towards a half; that of ten cases steadies the share of each group."""
    ended = [
        Case("a", 10, closed=30, category="labor_wage"),
        Case("a", 11, moves=(("escalated", 40),), category="labor_wage"),
        Case("b", 12, closed=41),
    ]
    _, rows, _ = tables([*ended, Case("a", 20), Case("b", 60, category="labor_wage")], [42, 70, 97])

    assert [(1 + 4) / 12] * 3 == pytest.approx(of_grid(rows, 0, "grid_share_182d"))
    assert [(1 + 4) / 12, (1 + 4) / 12, (0 + 4) / 10] == pytest.approx(of_grid(rows, 0, "grid_share_56d"))
    assert (1 + 4) / 12 == pytest.approx(of_grid(rows, 1, "kind_share_56d")[0])
    assert [4 / 10] * 3 == pytest.approx(of_grid(rows, 0, "grid_kind_share_365d"))
    assert [1, 0, 0] == of_grid(rows, 0, "cleared_28d")
    assert [1, 1, 1] == of_grid(rows, 0, "waiting")


def test_open_cases_handed_to_another_grid_are_neither_cleared_nor_reported_there():
    """A correction says nothing before its day, and afterwards neither ends the case in its grid nor makes it a report of the other."""
    handed = ("corrected", 30, 30, "b", "labor_wage")
    cases = [
        Case("a", 10, moves=(handed,)),
        Case("a", 12, event_type="police_call", moves=(handed,)),
        Case("a", 20),
        Case("b", 15, category="labor_wage"),
    ]
    _, rows, _ = tables(cases, [28, 42])

    assert [0, 0] == [of_grid(rows, 1, name)[0] for name in ("repeat", "calls")]
    assert [0, 0] == [of_grid(rows, 1, name)[-1] for name in ("repeat", "calls")]
    assert 0 == of_grid(rows, 0, "cleared_28d")[-1]


def test_closed_cases_are_watched_until_they_come_back_or_ninety_days_have_passed():
    cases = [Case("a", 10, closed=20, moves=(("reopened", 30),)), Case("b", 10, closed=20, deadline=24)]
    _, _, rows = tables(cases, [20, 21, 30, 31, 110, 111])

    assert [1, 10] == of_grid(rows, 0, "days_closed")
    assert [1, 10, 11, 90] == of_grid(rows, 1, "days_closed")
    assert [0, 0] == of_grid(rows, 0, "on_paper")
    assert {1} == set(of_grid(rows, 1, "on_paper"))


def test_case_outcomes_tell_how_a_case_escalated_and_when_that_was_known():
    cases = [Case("a", 10, deadline=20), Case("b", 10, moves=(("escalated", 20, 40),)), Case("c", 10, closed=12, moves=(("reopened", 20),))]
    facts, opened, closed = tables(cases, [15])
    as_ofs = days(15)

    assert [Outcome.TERM_PASSED, Outcome.HANDED_UP] == case_outcomes(facts, opened, as_ofs, HORIZON)[opened.grid < 2].tolist()
    assert [Outcome.TERM_PASSED, 0] == case_outcomes(facts, opened, as_ofs, HORIZON, int(days(35)[0]))[opened.grid < 2].tolist()
    assert [Outcome.CAME_BACK] == case_outcomes(facts, closed, as_ofs, HORIZON)[closed.grid == 2].tolist()


moments = st.integers(2, 100)
handed_over = st.tuples(st.sampled_from("abcd"), st.sampled_from(["other", "labor_wage"]))
random_cases = st.builds(
    lambda grid, at, gap, moves, deadline, category, corrected: Case(
        grid,
        at,
        closed=at + gap if gap else None,
        deadline=deadline and at + deadline,
        category=category,
        moves=(
            *((what, at + after, at + after + late) for what, after, late in moves),
            *(("corrected", at + after, at + after, *to) for after, to in corrected),
        ),
    ),
    grid=st.sampled_from("abcd"),
    at=moments,
    gap=st.none() | st.integers(1, 40),
    moves=st.lists(
        st.tuples(st.sampled_from(["escalated", "reopened", "resolved"]), st.integers(0, 60), st.sampled_from([0, 0, 9])), max_size=3
    ),
    deadline=st.none() | st.integers(1, 60),
    category=st.sampled_from(["other", "labor_wage"]),
    corrected=st.lists(st.tuples(st.integers(1, 60), handed_over), max_size=1),
)


def by_plain_code(facts, as_of):
    """Return the spells at risk at one as_of, by loops."""
    found = []
    for spell, case in enumerate(facts.spells.case.tolist()):
        start, end = facts.spells.start_day[spell], facts.spells.end_day[spell]
        later = [facts.spells.start_day[other] for other, its in enumerate(facts.spells.case.tolist()) if its == case and other > spell]
        until = min(later, default=NEVER)
        first = all(its != case for its in facts.spells.case.tolist()[:spell])
        marks = [
            known
            for its, known in zip(facts.hazards.case.tolist(), facts.hazards.known_day.tolist(), strict=True)
            if its == case and (first or known >= start) and known < until
        ]
        if start < as_of <= end and as_of <= min(marks, default=NEVER):
            found.append(case)
    return sorted(found)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(cases=st.lists(random_cases, max_size=7), as_of=st.integers(6, 110))
def test_open_cases_equal_plain_code(cases, as_of):
    facts, rows, _ = tables(cases, [as_of])

    assert by_plain_code(facts, int(days(as_of)[0])) == sorted(rows.case.tolist())


def closed_by_plain_code(facts, as_of):
    """Return the cases watched after closing at one as_of, by loops."""
    found = []
    spells = list(zip(facts.spells.case.tolist(), facts.spells.start_day.tolist(), facts.spells.end_day.tolist(), strict=True))
    for number, (case, _, end) in enumerate(spells):
        reopened = min((start for its, start, _ in spells[number + 1 :] if its == case), default=NEVER)
        if not facts.spells.moved_on[number] and end < as_of <= min(end + 90, reopened):
            found.append(case)
    return sorted(found)


def counted(facts, case, since, until, wanted):
    """Count the reports of a grid that became known on days [since, until) and of which `wanted` holds, by a loop."""
    return sum(
        bool(facts.is_report[other]) and facts.cases.grid[other] == facts.cases.grid[case] and since <= facts.cases.known_day[other] < until
        and wanted(facts.kinds[facts.cases.kind[other]])
        for other in range(len(facts.cases.grid))
    )  # fmt: skip


def told_by_plain_code(facts, case, as_of, at_risk):
    """Return what an open case says of itself and of the reports beside it, by plain code."""
    of_case = {name: int(getattr(facts.cases, name)[case]) for name in ("occurred_day", "known_day", "due_day", "deadline_day", "grid")}
    term = of_case["due_day"] if of_case["due_day"] < NEVER else of_case["deadline_day"]
    event_type, category = kind = facts.kinds[facts.cases.kind[case]]
    occurred, known = of_case["occurred_day"], of_case["known_day"]
    return {
        "age": as_of - occurred,
        "days_left": term - as_of if term < NEVER else np.nan,
        "falls_due": as_of <= of_case["due_day"] < as_of + HORIZON,
        "term_passed": term < as_of,
        "delay": known - occurred,
        "repeat": counted(facts, case, known - 90, known, lambda other: other == kind) > 0,
        "calls": counted(facts, case, occurred, min(as_of, occurred + 60), lambda other: other[1] == category and other[0] != event_type),
        "waiting": sum(int(facts.cases.grid[other] == of_case["grid"]) for other in at_risk),
    }


@settings(derandomize=True, deadline=None, max_examples=60)
@given(cases=st.lists(random_cases, max_size=7), as_of=st.integers(6, 110))
def test_columns_of_open_cases_equal_plain_code(cases, as_of):
    facts, rows, _ = tables(cases, [as_of])
    at_risk = by_plain_code(facts, int(days(as_of)[0]))

    for number, case in enumerate(rows.case.tolist()):
        told = told_by_plain_code(facts, case, int(days(as_of)[0]), at_risk)
        np.testing.assert_array_equal([rows.column(name)[number] for name in told], np.array(list(told.values()), np.float32))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(cases=st.lists(random_cases, max_size=7), as_of=st.integers(6, 110))
def test_closed_cases_equal_plain_code(cases, as_of):
    facts, _, rows = tables(cases, [as_of])

    assert closed_by_plain_code(facts, int(days(as_of)[0])) == sorted(rows.case.tolist())


def shown(cases, as_of):
    """Return both tables at one as_of as bytes, without the numbers of the cases."""
    _, *found = tables(cases, [as_of, as_of + 20])
    return [(rows.at(slice(0, 1)).values.tobytes(), rows.at(slice(0, 1)).grid.tobytes()) for rows in found]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(cases=st.lists(random_cases, max_size=7), later=st.lists(random_cases, max_size=4), as_of=st.integers(6, 110))
def test_case_rows_without_the_future_are_the_same_to_the_bit(cases, later, as_of):
    past = [case.until(as_of) for case in cases if case.reported < as_of]
    future = [replace(case, reported=case.reported + as_of, closed=None, moves=()) for case in later]

    assert shown(past, as_of) == shown([*(case for case in cases if case.reported < as_of), *future], as_of)


def test_case_rows_that_look_at_the_day_of_the_escalation_would_be_caught(monkeypatch):
    cases = [Case("a", 10, moves=(("escalated", 15, 25),))]
    monkeypatch.setattr(case_rows, "first_counted", lambda facts: np.full(len(facts.spells.case), int(days(15)[0]), np.int32))

    assert by_plain_code(tables(cases, [20])[0], int(days(20)[0])) != tables(cases, [20])[1].case.tolist()


@pytest.mark.parametrize("table", [open_cases, closed_cases])
def test_case_rows_of_one_as_of_equal_the_same_rows_of_many(table):
    facts, *_ = tables([Case("a", 10, closed=40), Case("b", 12, closed=20, moves=(("reopened", 70),))], [15])
    many, one = table(facts, AsOfs(days(15, 30, 50), HORIZON)), table(facts, AsOfs(days(30), HORIZON))

    np.testing.assert_array_equal(many.at(slice(1, 2)).values, one.values)
