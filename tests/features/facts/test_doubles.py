"""One event that comes through several sources is counted once where a source file says so, and told where none does."""

from dataclasses import replace

import numpy as np

from features.days import NEVER
from features.facts.derive import read_facts
from features.facts.doubles import Reports, find_doubles
from features.panel.build import build_panel
from features.targets import Target
from tests.support.event_logs import HORIZON, SETTINGS, Case, days, make_log

LOG = {"targets": {"up": Target(transitions=("escalated",))}}
ORDER = Case("a", 10, category="litter", deadline=25, event_type="service_request", feed="hotline")
EVENT = Case("a", 10.5, category="litter", deadline=25, event_type="hazard", feed="platform", moves=(("escalated", 20),))


def read(*cases, shared=(), bursts="apart"):
    snapshot = make_log(cases, feeds=dict.fromkeys(sorted({case.feed for case in cases}), ((), LOG["targets"])))
    feeds = {name: replace(feed, shared_with=shared, bursts=bursts) for name, feed in snapshot.feeds.items()}
    return read_facts(replace(snapshot, feeds=feeds), "up", SETTINGS)


def find(*reports, group=None):
    """Return the first report of each (grid, category, occurred, deadline, feed)."""
    columns = [np.array(column, np.int32) for column in zip(*reports, strict=True)]
    return find_doubles(Reports(*columns), columns[4] * 0 if group is None else np.array(group)).tolist()


def test_read_facts_one_event_through_two_sources_is_one_case_that_escalates_once():
    facts = read(ORDER, EVENT, Case("b", 9, feed="hotline"), shared=("hotline", "platform"))

    assert (len(facts.cases.grid), len(facts.target.case), len(facts.further.case)) == (2, 1, 1)
    assert facts.doubles == {}


def test_read_facts_one_event_with_three_ids_through_two_sources_is_one_case():
    """Two ids are of one source: where its reports of one cause are joined they are one too, where records stand apart they are two."""
    again = replace(ORDER, reported=10.2)

    assert len(read(ORDER, again, EVENT, shared=("platform",), bursts="join").cases.grid) == 1
    assert len(read(ORDER, again, EVENT, shared=("platform",), bursts="apart").cases.grid) == 2
    assert len(read(ORDER, again, EVENT, bursts="apart").cases.grid) == 3


def test_read_facts_undeclared_doubles_are_told_and_counted_twice():
    facts = read(ORDER, EVENT)

    assert len(facts.cases.grid) == 2
    assert facts.doubles == {"hotline + platform": 1}


def test_read_facts_doubles_move_the_panel_no_more_than_one_event():
    orders = [ORDER, replace(ORDER, grid="b")]
    one, other = read(*orders), read(*orders, replace(EVENT, moves=()), shared=("hotline",))
    panel, with_double = (build_panel(facts, days(15), HORIZON, SETTINGS) for facts in (one, other))

    assert panel.column("service_request_count_grid_28d").tolist() == [[1, 1, 0, 0]]
    assert panel.column("service_request_count_grid_28d").tolist() == with_double.column("service_request_count_grid_28d").tolist()


def test_find_doubles_differ_in_grid_category_day_or_term():
    report = (0, 3, 100, 120, 0)
    others = [(1, 3, 100, 120, 1), (0, 4, 100, 120, 1), (0, 3, 101, 120, 1), (0, 3, 100, 121, 1), (0, 3, 100, NEVER, 1)]

    assert [find(report, other) for other in others] == [[0, 1]] * 5
    assert find(report, (0, 3, 100, 120, 1)) == [0, 0]


def test_find_doubles_without_a_term_or_of_one_source_or_of_feeds_that_share_nothing_stay_apart():
    assert find((0, 3, 100, NEVER, 0), (0, 3, 100, NEVER, 1)) == [0, 1]
    assert find((0, 3, 100, 120, 0), (0, 3, 100, 120, 0)) == [0, 1]
    assert find((0, 3, 100, 120, 0), (0, 3, 100, 120, 1), group=[0, 1]) == [0, 1]


def test_find_doubles_of_several_alike_go_in_pairs():
    reports = [(0, 3, 100, 120, feed) for feed in (0, 0, 1, 1, 1)]

    assert find(*reports) == [0, 1, 0, 1, 4]


def test_find_doubles_later_reports_change_nothing_of_earlier_ones():
    generator = np.random.default_rng(1)
    reports = [(0, int(generator.integers(2)), 100 + int(generator.integers(2)), 120, int(generator.integers(3))) for _ in range(40)]

    for known in (5, 20, 39):
        assert find(*reports)[:known] == find(*reports[:known])
