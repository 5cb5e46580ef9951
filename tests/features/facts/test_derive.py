"""Facts derived from hand-made logs; times are days since the first one."""

import numpy as np
import pytest

from features.days import NEVER
from features.errors import UsageError
from features.facts.derive import find_target
from features.settings import LogSettings
from features.targets import DeadlinePassed, EventFilter, Target, UnresolvedAfter
from tests.support.event_logs import FIRST, SETTINGS, Case, days, make_facts, make_log

DEADLINE = DeadlinePassed(action="overdue", when="deadline_passed")
OVERDUE = Target(transitions=("overdue",))
AFTER_30 = UnresolvedAfter(action="escalated", when="unresolved_after", days=30)


def escalations(facts):
    """Return (grid_id, day, day known) of each escalation, days since the first."""
    ids, first = facts.places.grid_ids[facts.target.grid].tolist(), days(0)[0]
    return sorted(zip(ids, (facts.target.occurred_day - first).tolist(), (facts.target.known_day - first).tolist(), strict=True))


def spells(facts):
    """Return (start, end) of each open spell, days since the first; None while open."""
    first = days(0)[0]
    ends = [None if end == NEVER else int(end - first) for end in facts.spells.end_day]
    return list(zip((facts.spells.start_day - first).tolist(), ends, strict=True))


def overdue_facts(*cases, **log):
    return make_facts(cases, "overdue", rules=(DEADLINE,), targets={"overdue": OVERDUE}, **log)


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        pytest.param(None, [("a", 20, 20)], id="open"),
        pytest.param(19.9, [], id="closed before"),
        pytest.param(20.5, [], id="closed at the very moment"),
        pytest.param(20.6, [("a", 20, 20)], id="closed after"),
    ],
)
def test_read_facts_deadline_passes_escalates_only_what_is_open(closed, expected):
    facts = overdue_facts(Case("a", 10, closed, deadline=20.5))

    assert expected == escalations(facts)


def test_read_facts_minute_is_that_of_the_report_by_the_local_clock():
    settings = SETTINGS.model_copy(update={"zone": "Asia/Shanghai"})
    cases = (Case("a", 10 + 23.5 / 24, known=12.25), Case("a", 20 + 1 / 1440), Case("a", 30 + 0.5 / 1440))

    assert [23 * 60 + 30, 1, 0] == make_facts(cases, settings=settings).cases.reported_minute.tolist()


def test_read_facts_bare_date_has_no_minute():
    assert [-1] == make_facts([Case("a", 10, known=10.5)]).cases.reported_minute.tolist()


def test_read_facts_no_deadline_never_falls_due():
    facts = overdue_facts(Case("a", 10), Case("a", 10, deadline=20))

    assert [NEVER, days(20)[0]] == facts.cases.due_day.tolist()


def test_read_facts_closing_learnt_of_late_counts_from_when_it_is_known():
    facts = overdue_facts(Case("a", 10, deadline=20, moves=(("resolved", 15, 25),)))

    assert [("a", 20, 20)] == escalations(facts)
    assert [(10, 25)] == spells(facts)


def test_read_facts_unresolved_after_days_escalates_that_many_days_after_the_report():
    cases = (Case("a", 10), Case("b", 10, closed=40), Case("c", 10, closed=41))
    facts = make_facts(cases, rules=(AFTER_30,))

    assert [("a", 40, 40), ("c", 40, 40)] == escalations(facts)


@pytest.mark.parametrize("reported", [290, 300, 50, 66])
def test_read_facts_unresolved_after_days_across_a_change_of_clocks_counts_local_days(reported):
    settings = LogSettings(zone="America/New_York")
    cases = (Case("a", reported), Case("b", reported, closed=reported + 30))
    facts = make_facts(cases, settings=settings, rules=(AFTER_30,))

    assert [("a", reported + 30, reported + 30)] == escalations(facts)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Europe/Berlin"])
def test_read_facts_days_begin_at_local_midnight_all_year(zone):
    reported = [day + fraction for day in range(0, 365, 7) for fraction in (0, 0.9)]
    facts = make_facts([Case("a", day) for day in reported], settings=LogSettings(zone=zone))

    assert days(*map(int, reported)).tolist() == facts.cases.known_day.tolist()


def test_read_facts_clocks_go_forward_day_has_23_hours():
    """2025-03-09 in New York: 23.5 hours after its midnight it is the next day."""
    spring = 67
    settings = LogSettings(zone="America/New_York")
    facts = make_facts([Case("a", spring + 22.5 / 24), Case("a", spring + 23.5 / 24)], settings=settings)

    assert days(spring, spring + 1).tolist() == facts.cases.known_day.tolist()


def test_read_facts_reopened_makes_spells():
    moves = (("resolved", 12), ("reopened", 15), ("resolved", 20))
    facts = make_facts([Case("a", 10, moves=moves)])

    assert [(10, 12), (15, 20)] == spells(facts)
    assert days(15).tolist() == facts.reopened.known_day.tolist()


def test_read_facts_repeated_turns_are_passed_over():
    moves = (("resolved", 12), ("resolved", 14), ("reopened", 15), ("reopened", 17))
    facts = make_facts([Case("a", 10, moves=moves)])

    assert [(10, 12), (15, None)] == spells(facts)


def test_read_facts_case_escalates_once_per_spell():
    moves = (("escalated", 11), ("escalated", 12), ("resolved", 13), ("reopened", 20), ("escalated", 21), ("escalated", 22))
    facts = make_facts([Case("a", 10, moves=moves)])

    assert [("a", 11, 11), ("a", 21, 21)] == escalations(facts)


def test_read_facts_reopening_of_what_is_open_starts_no_new_spell():
    moves = (("escalated", 11), ("reopened", 12), ("escalated", 13))
    facts = make_facts([Case("a", 10, moves=moves)])

    assert [("a", 11, 11)] == escalations(facts)


def test_read_facts_stored_and_derived_escalation_count_once():
    facts = overdue_facts(Case("a", 10, deadline=20, moves=(("overdue", 22),)))

    assert [("a", 20, 20)] == escalations(facts)


def test_read_facts_earlier_escalation_learnt_of_late_does_not_undo_the_known_one():
    """At as_of 21 the deadline has passed; what is learnt on day 50 must not take that back."""
    facts = overdue_facts(Case("a", 10, deadline=20, moves=(("overdue", 15, 50),)))

    assert [20] == [known for _, _, known in escalations(facts)]


def test_read_facts_petition_never_escalates():
    petition = Case("a", 10, event_type="petition", deadline=20, moves=(("escalated", 12), ("reopened", 13), ("overdue", 14)))
    targets = {"all": Target(transitions=("escalated", "reopened", "overdue")), "new": Target(events=EventFilter())}
    log = {"rules": (DEADLINE,), "targets": targets}

    assert [] == escalations(make_facts([petition], "all", **log))
    assert [] == escalations(make_facts([petition], "new", **log))


@pytest.mark.parametrize(("deadline", "term"), [(50, 50), (None, 70)])
def test_read_facts_withdrawn_petition_stays_open_until_its_term(deadline, term):
    facts = make_facts([Case("a", 10, event_type="petition", deadline=deadline, moves=(("withdrawn", 15),))])

    assert [(10, term)] == spells(facts)


def test_read_facts_petition_withdrawn_after_its_term_closes_at_once():
    facts = make_facts([Case("a", 10, event_type="petition", deadline=20, moves=(("withdrawn", 25),))])

    assert [(10, 25)] == spells(facts)


def test_read_facts_withdrawn_dispute_closes_at_once():
    facts = make_facts([Case("a", 10, deadline=50, moves=(("withdrawn", 15),))])

    assert [(10, 15)] == spells(facts)


def test_read_facts_new_events_of_a_category_are_the_target():
    target = Target(events=EventFilter(event_type="dispute", category=["labor_wage"]))
    cases = (
        Case("a", 10, category="labor_wage", occurred=5, known=12),
        Case("b", 10),
        Case("c", 10, category="labor_wage", event_type="hazard"),
    )
    facts = make_facts(cases, settings=LogSettings(target=target))

    assert [("a", 5, 12)] == escalations(facts)


def test_read_facts_target_of_an_unknown_category_names_the_nearest():
    target = Target(events=EventFilter(category=["neighbor", "labour_wages"]))

    with pytest.raises(UsageError, match="got 'labour_wages'; did you mean 'labor_wage'\\?"):
        make_facts([Case("a", 10, category="labor_wage")], settings=LogSettings(target=target))


def test_read_facts_target_of_a_category_that_never_occurred_is_empty():
    cases = [Case("a", 10, category="labor_wage")]
    own, declared = (LogSettings(target=Target(events=EventFilter(category=code)), categories=("odour",)) for code in ("medical", "odour"))

    assert [[], []] == [escalations(make_facts(cases, settings=settings)) for settings in (own, declared)]


def test_read_facts_target_of_a_feed_counts_its_cases_and_grids_only():
    feeds = {"calls": ((), {"wages": Target(events=EventFilter(category="labor_wage"))}), "visits": ((), {})}
    cases = (
        Case("a", 10, category="labor_wage", feed="calls"),
        Case("b", 11, feed="calls"),
        Case("a", 12, category="labor_wage", feed="visits"),
        Case("c", 12, feed="visits"),
    )
    facts = make_facts(cases, "wages", feeds=feeds)

    assert ["a", "b"] == facts.places.grid_ids.tolist()
    assert [("a", 10, 10)] == escalations(facts)
    assert days(10, 11).tolist() == facts.cases.known_day.tolist()


def test_read_facts_default_target_counts_every_feed_over_every_grid():
    cases = (Case("a", 10, feed="calls", moves=(("escalated", 11),)), Case("b", 12, feed="visits", moves=(("escalated", 13),)))
    facts = make_facts(cases)

    assert ["a", "b", "c", "d"] == facts.places.grid_ids.tolist()
    assert [("a", 11, 11), ("b", 13, 13)] == escalations(facts)
    assert "escalation" == facts.target_name


def test_read_facts_rule_of_one_feed_leaves_the_other_alone():
    feeds = {"calls": ((AFTER_30,), {}), "visits": ((), {})}
    facts = make_facts([Case("a", 10, feed="calls"), Case("b", 10, feed="visits")], feeds=feeds)

    assert [("a", 40, 40)] == escalations(facts)


def test_find_target_unknown_names_the_known_ones():
    log = make_log([Case("a", 1)], targets={"overdue": OVERDUE})
    settings = LogSettings(targets={"strict": Target(transitions=("escalated",))})

    with pytest.raises(UsageError, match="target must be one of escalation, overdue, strict, got 'overdeu'"):
        find_target(log.feeds, "overdeu", settings)


def test_find_target_with_two_meanings_is_refused():
    feeds = {"calls": ((), {"late": OVERDUE}), "visits": ((), {"late": Target(transitions=("escalated",))})}
    log = make_log([Case("a", 1, feed="calls"), Case("a", 1, feed="visits")], feeds=feeds)

    with pytest.raises(UsageError, match="means different things"):
        find_target(log.feeds, "late", SETTINGS)


def test_find_target_of_the_settings_wins_over_the_source_file():
    strict = Target(transitions=("reopened",))
    log = make_log([Case("a", 1)], targets={"overdue": OVERDUE})
    target, feeds = find_target(log.feeds, "overdue", LogSettings(targets={"overdue": strict}))

    assert (strict, {"feed"}) == (target, set(feeds))


def test_read_facts_empty_log_says_what_to_do():
    with pytest.raises(UsageError, match="holds no records"):
        make_facts([])


def test_read_facts_grid_outside_the_table_is_refused():
    with pytest.raises(UsageError, match="outside the grid table"):
        make_facts([Case("z", 1)])


def test_read_facts_vocabulary_holds_what_occurs():
    cases = (
        Case("a", 1, event_type="hazard", category="traffic", source="police"),
        Case("a", 2, category="neighbor", source="hotline", people="5-9"),
        Case("a", 3, category="contract", people="3-4"),
    )
    facts = make_facts(cases)

    assert ("dispute", "hazard") == facts.event_types
    assert (("dispute", "contract"), ("dispute", "neighbor"), ("hazard", "traffic")) == facts.kinds
    assert ("hotline", "police") == facts.sources
    assert [1, 0, 0] == facts.cases.event_type.tolist()
    assert [2, 1, 0] == facts.cases.kind.tolist()
    assert [1, 0, -1] == facts.cases.source.tolist()
    assert [False, True, False] == facts.cases.group.tolist()


def test_read_facts_span_is_the_first_record_to_the_slowest_feed():
    facts = make_facts([Case("a", 5, known=9), Case("b", 7)], known_through=40.5)

    assert days(7, 40).tolist() == [facts.first_day, facts.known_through_day]
    assert np.datetime64(FIRST) + 7 == np.datetime64("1970-01-01") + facts.first_day
