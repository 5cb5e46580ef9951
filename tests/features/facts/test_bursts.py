"""Reports of one cause are one case, by what was known before each of them, and everything counts it once."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.days import NEVER
from features.facts import bursts
from features.facts.bursts import Reports, find_doubles, find_first_reports
from features.facts.derive import read_facts
from features.panel.build import build_panel
from features.settings import LogSettings
from features.targets import EventFilter, Target
from tests.support.event_logs import HORIZON, RICH_DAYS, SETTINGS, Case, days, make_facts, make_log, make_rich_log

JOIN = "join"


def joined(cases, target=None, settings=SETTINGS, **log):
    """Return the facts of a log whose feeds join reports of one cause."""
    snapshot = make_log(cases, zone=settings.zone, **log)
    feeds = {name: replace(feed, bursts=JOIN) for name, feed in snapshot.feeds.items()}
    return read_facts(replace(snapshot, feeds=feeds), target, settings)


def first_reports(*reports):
    """Return which report each of these (grid, kind, occurred, known) joins, by position; they are in order of grid and known day."""
    grid, kind, occurred, known = (np.array(column) for column in zip(*reports, strict=True))
    types = np.int32, np.int16, np.int32, np.int32
    return find_first_reports(*(column.astype(kind) for column, kind in zip((grid, kind, occurred, known), types, strict=True))).tolist()


def test_find_first_reports_join_on_the_same_day_and_the_next_only():
    reports = [(0, 0, day, day) for day in (100, 100, 101, 102, 110)]

    assert first_reports(*reports) == [0, 0, 0, 3, 4]


def test_find_first_reports_of_another_grid_or_kind_stand_alone():
    assert first_reports((0, 0, 100, 100), (0, 1, 100, 100), (1, 0, 100, 100)) == [0, 1, 2]


def test_find_first_reports_late_report_joins_what_was_known_before_it():
    """It happened a day before the first known report, and became known forty days later."""
    assert first_reports((0, 0, 100, 100), (0, 0, 99, 140)) == [0, 0]


def test_find_first_reports_where_one_a_day_is_usual_stand_alone():
    daily = [(0, 0, day, day) for day in range(365)]

    assert first_reports(*daily)[60:] == list(range(60, 365))


def test_find_first_reports_where_one_a_week_is_usual_only_the_excess_joins():
    """Two independent reports within three days are no surprise there; fifty are."""
    weekly = [(0, 0, day, day) for day in range(0, 365, 7)]
    burst = [(0, 0, 366, 366)] * 50

    found = first_reports(*weekly, *burst)

    assert found[: len(weekly)] == list(range(len(weekly)))
    assert len(set(found[len(weekly) :]) - set(range(len(weekly)))) <= 2


def random_reports(seed):
    generator = np.random.default_rng(seed)
    known = np.sort(generator.integers(0, 400, 600)).astype(np.int32)
    grid, kind = generator.integers(0, 3, 600).astype(np.int32), generator.integers(0, 2, 600).astype(np.int16)
    occurred = (known - generator.integers(0, 4, 600)).astype(np.int32)
    order = np.argsort(grid, kind="stable")
    return grid[order], kind[order], occurred[order], known[order]


@pytest.mark.parametrize("seed", range(3))
def test_find_first_reports_do_not_depend_on_what_becomes_known_later(seed):
    reports = random_reports(seed)
    everything = find_first_reports(*reports)
    for day in (50, 200, 399):
        earlier = np.flatnonzero(reports[3] < day)
        then = find_first_reports(*(column[earlier] for column in reports))

        assert np.array_equal(earlier[then], everything[earlier])


def test_find_first_reports_that_look_ahead_are_caught():
    """A variant that lets the last report of a cause stand for it changes what was known before."""
    reports = tuple(np.array([low, high], kind) for low, high, kind in ((0, 0, "i4"), (0, 0, "i2"), (199, 200, "i4"), (199, 200, "i4")))

    def last_of(*columns):
        first = find_first_reports(*columns)
        return np.array([np.flatnonzero(first == row).max() for row in first])

    assert last_of(*(column[:1] for column in reports))[0] != last_of(*reports)[0]


def test_join_bursts_case_is_open_while_any_report_is():
    cases = [Case("a", 10, 12), Case("a", 10, 20), Case("a", 11, 15), Case("a", 40, 45)]
    facts = joined(cases)

    assert facts.cases.known_day.tolist() == days(10, 40).tolist()
    assert list(zip(facts.spells.case, facts.spells.start_day, facts.spells.end_day, strict=True)) == [
        (0, *days(10, 20)),
        (1, *days(40, 45)),
    ]
    assert facts.further.case.tolist() == [0, 0]
    assert facts.further.known_day.tolist() == days(10, 11).tolist()


def test_join_bursts_case_escalates_once_with_the_first_of_its_reports():
    cases = [Case("a", 10, moves=(("escalated", 30),)), Case("a", 10, moves=(("escalated", 25),)), Case("a", 11)]
    facts = joined(cases)

    assert (facts.target.case.tolist(), facts.target.occurred_day.tolist()) == ([0], days(25).tolist())
    assert (facts.spells.end_day == NEVER).all()


def test_join_bursts_case_that_comes_back_counts_again():
    again = (("escalated", 15), ("resolved", 20), ("reopened", 30), ("escalated", 35))
    alone, among = make_facts([Case("a", 10, moves=again)]), joined([Case("a", 10, moves=again), Case("a", 10, 12)])

    assert alone.target.occurred_day.tolist() == among.target.occurred_day.tolist() == days(15, 35).tolist()


def test_join_bursts_new_events_that_are_the_target_count_once():
    settings = LogSettings(target=Target(events=EventFilter(category=["other"])))
    cases = [Case("a", 10)] * 57 + [Case("b", 10)]

    assert joined(cases, settings=settings).target.case.tolist() == [0, 1]
    assert len(make_facts(cases, settings=settings).target.case) == 58


def test_read_facts_of_a_source_whose_records_stand_apart_joins_nothing():
    assert len(make_facts([Case("a", 10)] * 5).cases.grid) == 5


def test_join_bursts_correction_of_a_further_report_moves_nothing_and_that_of_the_case_moves_it():
    def grids(corrected):
        cases = [Case("a", 10, moves=(("corrected", 20),) * (corrected == number)) for number in range(3)]
        return joined_with_correction(cases).cases.grid.tolist()

    assert [grids(0), grids(1)] == [[0, 1], [0]]


def joined_with_correction(cases):
    """Return the facts of cases whose corrections hand them to grid b."""
    snapshot = make_log(cases)
    moved = pl.col("action") == "corrected"
    records = snapshot.records.with_columns(
        grid_id=pl.when(moved).then(pl.lit("b")).otherwise(pl.col("grid_id").cast(pl.String)).cast(pl.Categorical),
        category=pl.when(moved).then(pl.lit("other")).otherwise(pl.col("category").cast(pl.String)).cast(pl.Categorical),
    )
    feeds = {name: replace(feed, bursts=JOIN) for name, feed in snapshot.feeds.items()}
    return read_facts(replace(snapshot, records=records, feeds=feeds), None, SETTINGS)


def panel_with(reports):
    """Return the panel of a rich log with so many reports of one cause planted in one grid, as it stands a week later."""
    log = make_rich_log()
    planted = [Case("a", RICH_DAYS - 30, RICH_DAYS - 20, category="flood", people="5-9")] * reports
    facts = joined([*log.pop("cases"), *planted], log.pop("target"), **log)
    return build_panel(facts, days(RICH_DAYS - 31, RICH_DAYS - 25, RICH_DAYS - 10), HORIZON, SETTINGS)


def test_build_panel_burst_of_57_moves_no_feature_more_than_one_report_would():
    one, many = panel_with(1), panel_with(57)

    assert np.array_equal(one.values, many.values, equal_nan=True)
    assert not np.array_equal(panel_with(0).values, one.values, equal_nan=True) or one.names != panel_with(0).names


def test_build_panel_burst_counted_report_by_report_is_caught(monkeypatch):
    monkeypatch.setattr(bursts, "find_first_reports", lambda grid, *_: np.arange(len(grid), dtype=np.int32))

    assert not np.array_equal(panel_with(1).values, panel_with(57).values, equal_nan=True)


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
