from dataclasses import replace

import numpy as np
import pytest

from features.days import NEVER
from features.facts.facts import Reporters
from serving.scoring.coverage import RatingRules, read_coverage, read_pace
from tests.support.trained_worlds import make_facts

AS_OF = 400
STEADY = np.arange(0, AS_OF)


def reporters_of(facts, feed_of):
    """Return who reported: `feed_of` gives the feed of each grid."""
    grid, day = facts.cases.grid, facts.cases.known_day
    of_grid = [feed_of(grid_id) for grid_id in facts.places.grid_ids.tolist()]
    feeds = tuple(sorted(set(of_grid)))
    feed = np.array([feeds.index(name) for name in of_grid], np.int16)[grid]
    since = np.full((len(feeds), facts.places.size), NEVER, np.int32)
    np.minimum.at(since, (feed, grid), day)
    pairs = np.unique(np.stack([feed.astype(np.int32), day]), axis=1)
    return Reporters(feeds, since, pairs[0].astype(np.int16), pairs[1])


def coverage_of(days_by_grid, feed_of=lambda _: "one", as_of=AS_OF, retired=()):
    days = [np.asarray(days) for days in days_by_grid]
    grid = np.repeat(np.arange(len(days)), [len(each) for each in days])
    facts = make_facts(grid, np.concatenate(days), len(days), AS_OF)
    return read_coverage(replace(facts, reporters=reporters_of(facts, feed_of)), as_of, RatingRules(7, retired))


def test_read_coverage_grid_without_records_is_no_data():
    coverage = coverage_of([STEADY, STEADY, []])

    assert coverage.withheld == (None, None, "no_data")
    assert coverage.rated.tolist() == [True, True, False]


@pytest.mark.parametrize(("missing_days", "withheld", "confidence"), [(0, None, "high"), (3, None, "low"), (6, "silent", "low")])
def test_read_coverage_daily_reporter_falls_silent_after_five_days(missing_days, withheld, confidence):
    coverage = coverage_of([STEADY, STEADY, STEADY[: AS_OF - missing_days]])

    assert (withheld, confidence) == (coverage.withheld[2], coverage.confidence[2])


def test_read_coverage_days_on_which_nobody_reports_silence_nobody():
    workdays = STEADY[: AS_OF - 6]

    coverage = coverage_of([workdays, workdays, workdays])

    assert coverage.withheld == (None, None, None)


def test_read_coverage_few_reports_say_nothing_about_completeness():
    coverage = coverage_of([STEADY, np.arange(0, AS_OF, 60)])

    assert (coverage.withheld[1], coverage.confidence[1]) == (None, "unknown")


def test_read_coverage_source_that_stopped_withholds_its_grids_only():
    coverage = coverage_of([STEADY, STEADY[: AS_OF - 20]], feed_of=lambda grid: {"g000": "one", "g001": "two"}[grid])

    assert coverage.withheld == (None, "stale_source")


def test_read_coverage_what_becomes_known_later_changes_nothing():
    """A list of the past must not know that a source came back."""
    stopped, back = STEADY[: AS_OF - 60], np.concatenate([STEADY[: AS_OF - 60], STEADY[AS_OF - 30 :]])
    feeds = {"g000": "one", "g001": "two"}.__getitem__

    assert coverage_of([STEADY, stopped], feeds, as_of=AS_OF - 40) == coverage_of([STEADY, back], feeds, as_of=AS_OF - 40)


@pytest.mark.parametrize("silent_days", [20, 200, 366, 600, 2000])
def test_read_coverage_source_that_stopped_stays_stale_however_long_ago(silent_days):
    """Silence never becomes calm: after a year of it full lists were published."""
    feeds = {"g000": "one", "g001": "two"}.__getitem__

    coverage = coverage_of([np.arange(AS_OF, AS_OF + silent_days), STEADY], feeds, as_of=AS_OF + silent_days)

    assert (None, "stale_source") == coverage.withheld


def test_read_coverage_only_source_that_stopped_years_ago_rates_nothing():
    assert ("stale_source", "stale_source") == coverage_of([STEADY, STEADY], as_of=AS_OF + 900).withheld


def test_read_coverage_retired_source_is_not_missed():
    feeds = {"g000": "one", "g001": "two"}.__getitem__

    coverage = coverage_of([np.arange(0, AS_OF + 600), STEADY], feeds, as_of=AS_OF + 600, retired=("two",))

    assert "stale_source" not in coverage.withheld


REPORT_PACE_AS_OF = 600
LEAST = np.full(3, 4.7)


def pace_of(*days):
    grid = np.repeat(np.arange(3), [len(each) for each in days])
    return read_pace(make_facts(grid, np.concatenate(days), 3, REPORT_PACE_AS_OF), REPORT_PACE_AS_OF, LEAST)


def test_read_pace_takes_the_shortest_window_in_which_enough_is_expected():
    daily, weekly, rare = np.arange(REPORT_PACE_AS_OF), np.arange(0, REPORT_PACE_AS_OF, 8), np.arange(0, REPORT_PACE_AS_OF, 90)

    pace = pace_of(daily, weekly, rare)

    assert pace.observed[:2].tolist() == [42, 5]
    np.testing.assert_allclose(pace.expected[:2], [42, 5.25], rtol=0.15)
    assert pace.is_known().tolist() == [True, True, False]
    assert not pace.is_below(np.ones(3)).any()


def test_read_pace_grid_that_reports_a_third_of_its_own_rate_is_below():
    thinned = np.concatenate([np.arange(0, REPORT_PACE_AS_OF - 42, 2), np.arange(REPORT_PACE_AS_OF - 42, REPORT_PACE_AS_OF, 6)])

    pace = pace_of(np.arange(REPORT_PACE_AS_OF), np.arange(REPORT_PACE_AS_OF), thinned)

    assert pace.is_below(np.ones(3)).tolist() == [False, False, True]
    assert not pace.is_below(np.full(3, 10.0)).any()


def test_read_pace_of_days_on_which_all_grids_report_less_is_nobodys_fault():
    holiday = np.arange(REPORT_PACE_AS_OF - 20)

    assert not pace_of(holiday, holiday, holiday).is_below(np.ones(3)).any()


def withheld_of(households, least=None):
    """Return why grids that report every day are not rated; without `least` there is no floor."""
    facts = make_facts(np.repeat(np.arange(len(households)), AS_OF), np.tile(STEADY, len(households)), len(households), AS_OF)
    facts = replace(facts, places=replace(facts.places, households=np.array(households, np.int32)))
    rules = RatingRules(7) if least is None else RatingRules(7, (), least)
    return read_coverage(replace(facts, reporters=reporters_of(facts, lambda _: "one")), AS_OF, rules).withheld


@pytest.mark.parametrize(("least", "withheld"), [(100, (None, "few_households", None)), (150, (None, "few_households", "few_households"))])
def test_read_coverage_grid_of_few_households_is_not_rated_where_they_are_stated(least, withheld):
    assert withheld == withheld_of([-1, 99, 100], least)


def test_read_coverage_without_the_floor_would_rate_a_single_building():
    assert (None, None) == withheld_of([500, 12])
