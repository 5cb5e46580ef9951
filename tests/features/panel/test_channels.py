"""Facts as increments: what each counter holds on the days around its facts."""

import numpy as np
import pytest

from features.days import NEVER
from features.facts.facts import Facts
from features.panel import channels
from features.panel.channels import ChannelSet, cases_where, is_type
from features.panel.counters import Edges, count
from features.targets import DeadlinePassed, Target
from tests.support.event_logs import Case, days, make_facts

LOG = {
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"any": Target(transitions=("escalated", "overdue", "reopened"))},
    "target": "any",
}


def state(of: ChannelSet, facts: Facts, as_ofs: tuple[int, ...], channel: int = 0, grid: int = 0) -> list[float]:
    """Return the sum of a counter before each as_of in one grid."""
    return count(of.increments(facts), Edges.over(days(*as_ofs)), facts.places.size)[channel, :, grid].tolist()


def facts_of(*cases: Case, **log) -> Facts:
    return make_facts(cases, **(LOG | log))


def test_any_counts_a_case_from_the_day_after_it_became_known() -> None:
    assert [0, 0, 1] == state(channels.ANY, facts_of(Case("a", 10, known=12.9)), (11, 12, 13))


def test_any_leaves_petitions_out_and_reported_counts_them_by_type() -> None:
    facts = facts_of(Case("a", 10), Case("a", 10, event_type="petition"))

    assert [1] == state(channels.ANY, facts, (11,))
    assert [[1], [1]] == [state(channels.REPORTED, facts, (11,), number) for number in range(2)]


def test_kind_counts_by_event_type_and_category() -> None:
    facts = facts_of(Case("a", 10, category="contract"), Case("a", 10), Case("a", 10))

    assert {("dispute", "contract"): [1], ("dispute", "other"): [2]} == {
        kind: state(channels.KIND, facts, (11,), number) for number, kind in enumerate(facts.kinds)
    }


def test_source_leaves_out_petitions_and_unknown_sources() -> None:
    facts = facts_of(Case("a", 10, source="hotline"), Case("a", 10), Case("a", 10, event_type="petition", source="hotline"))

    assert [1] == state(channels.SOURCE, facts, (11,))


def test_cases_where_counts_what_was_chosen_without_petitions() -> None:
    of = cases_where("disputes_and_petitions", lambda facts: is_type(facts, "dispute") | is_type(facts, "petition"))
    facts = facts_of(Case("a", 10), Case("a", 10, event_type="hazard"), Case("a", 10, event_type="petition"))

    assert [1] == state(of, facts, (11,))


def test_is_type_that_the_log_lacks_is_no_case() -> None:
    assert [False] == is_type(facts_of(Case("a", 10)), "hazard").tolist()


def test_delay_sums_days_from_the_event_to_its_report() -> None:
    assert [5] == state(channels.DELAY, facts_of(Case("a", 10, occurred=8), Case("a", 10, known=13)), (20,))


def test_group_counts_cases_of_five_or_more_people() -> None:
    assert [1] == state(channels.GROUP, facts_of(Case("a", 10, people="5-9"), Case("a", 10, people="3-4")), (11,))


def test_case_corrected_into_a_grid_is_open_there_but_no_report_of_it() -> None:
    facts = facts_of(Case("a", 10, moves=(("corrected", 15, 15, "b", "other"),)))

    assert ([1], [0]) == (state(channels.ANY, facts, (20,)), state(channels.ANY, facts, (20,), grid=1))
    assert ([1, 0], [0, 1]) == (state(channels.OPEN, facts, (15, 16)), state(channels.OPEN, facts, (15, 16), grid=1))
    assert ([0], [0]) == (state(channels.CLOSED, facts, (20,)), state(channels.CLOSED, facts, (20,), grid=1))


def test_case_of_a_redrawn_grid_counts_by_its_shares() -> None:
    facts = facts_of(Case("old", 10, closed=12), grids={"a": "", "b": "", "old": ""}, crosswalk=[("old", "a", 0.75), ("old", "b", 0.25)])

    assert ([0.75], [0.25]) == (state(channels.ANY, facts, (20,)), state(channels.ANY, facts, (20,), grid=1))
    assert ([0.75, 0], [0.25, 0]) == (state(channels.OPEN, facts, (12, 13)), state(channels.OPEN, facts, (12, 13), grid=1))


def test_open_holds_from_the_day_after_the_report_to_the_day_of_closing() -> None:
    assert [0, 1, 1, 0] == state(channels.OPEN, facts_of(Case("a", 10, closed=15)), (10, 11, 15, 16))


def test_open_reopened_case_is_open_again() -> None:
    assert [1, 0, 0, 1] == state(channels.OPEN, facts_of(Case("a", 10, closed=15, moves=(("reopened", 20),))), (15, 16, 20, 21))


def test_open_case_closed_on_its_day_was_never_open() -> None:
    assert [0, 0, 0] == state(channels.OPEN, facts_of(Case("a", 10.2, closed=10.8)), (10, 11, 12))


def test_open_since_sums_the_days_on_which_open_cases_became_known() -> None:
    known = days(10, 12)

    assert [known[0], known.sum(), known[1]] == state(channels.OPEN_SINCE, facts_of(Case("a", 10, closed=14), Case("a", 12)), (11, 14, 15))


def test_open_longer_counts_from_the_age_that_is_passed() -> None:
    assert [0, 1, 1, 0] == state(channels.open_longer(30), facts_of(Case("a", 10, closed=50)), (40, 41, 50, 51))


def test_open_longer_of_a_reopened_case_counts_its_whole_age() -> None:
    assert [0, 1] == state(channels.open_longer(30), facts_of(Case("a", 10, closed=15, moves=(("reopened", 60),))), (60, 61))


def test_overdue_holds_after_the_deadline_while_open() -> None:
    facts = facts_of(Case("a", 10, closed=25, deadline=20), Case("a", 10))

    assert [0, 1, 1, 0] == state(channels.OVERDUE, facts, (20, 21, 25, 26))


def test_deadline_within_days_holds_until_the_deadline() -> None:
    facts = facts_of(Case("a", 10, deadline=30))

    assert [0, 1, 1, 0] == state(channels.deadline_within(7), facts, (23, 24, 30, 31))


def test_deadline_within_days_of_a_case_that_was_reported_late_begins_with_its_report() -> None:
    assert [0, 1, 0] == state(channels.deadline_within(7), facts_of(Case("a", 28, deadline=30)), (28, 29, 31))


def test_deadline_within_days_ends_with_the_closing() -> None:
    assert [1, 0] == state(channels.deadline_within(7), facts_of(Case("a", 10, closed=26, deadline=30)), (26, 27))


def test_due_within_days_counts_only_where_the_clock_rule_applies() -> None:
    with_rule, without = (facts_of(Case("a", 10, deadline=30), **rules) for rules in ({}, {"rules": ()}))

    assert ([1], [0]) == (state(channels.due_within(7), with_rule, (25,)), state(channels.due_within(7), without, (25,)))


def test_closed_counts_closings_and_the_days_they_took() -> None:
    facts = facts_of(Case("a", 10, closed=15), Case("a", 10), Case("a", 12, closed=12.5))

    assert [0, 1, 2] == state(channels.CLOSED, facts, (12, 13, 16))
    assert [0, 0, 5] == state(channels.HANDLING_DAYS, facts, (12, 13, 16))


def test_target_and_reopened_count_from_the_day_after_they_became_known() -> None:
    facts = facts_of(Case("a", 10, closed=15, moves=(("escalated", 11, 13), ("reopened", 20, 22))))

    assert [0, 1, 1, 2] == state(channels.TARGET, facts, (13, 14, 22, 23))
    assert [0, 1] == state(channels.REOPENED, facts, (22, 23))


@pytest.mark.parametrize(
    ("escalated", "weight"), [(10, 1.0), (17, 0.5), (24, 0.0), (40, 0.0)], ids=["same day", "half", "horizon", "later"]
)
def test_new_within_weighs_by_the_share_of_a_horizon_before_the_report(escalated: float, weight: float) -> None:
    facts = facts_of(Case("a", 10, moves=(("escalated", escalated),)))

    assert [weight] == state(channels.new_within(14), facts, (60,))


def test_new_within_escalation_before_its_report_weighs_no_more_than_one() -> None:
    facts = facts_of(Case("a", 10, known=30, moves=(("escalated", 20, 31),)))

    assert [1.0] == state(channels.new_within(14), facts, (60,))


@pytest.mark.parametrize(("second", "again"), [(40, 1), (41, 0), (10, 1)], ids=["on the last day", "a day later", "on the same day"])
def test_repeated_within_counts_a_case_of_the_same_kind_and_grid(second: float, again: int) -> None:
    facts = facts_of(Case("a", 10), Case("a", second))

    assert [again] == state(channels.repeated_within(30), facts, (60,))


@pytest.mark.parametrize("other", [Case("b", 12), Case("a", 12, category="contract"), Case("a", 12, event_type="hazard")])
def test_repeated_within_another_grid_or_kind_is_no_repeat(other: Case) -> None:
    facts = facts_of(Case("a", 10), other)

    assert 0 == sum(state(channels.repeated_within(30), facts, (60,), grid=grid)[0] for grid in range(2))


def test_states_of_open_cases_never_end_in_the_log() -> None:
    increments = channels.OPEN.increments(facts_of(Case("a", 10)))

    assert np.array([NEVER]) == increments.until
