from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from features.days import midnight
from features.eventlog.snapshot import RECORD_SCHEMA
from features.schema import Action, Col
from serving.scoring.coverage import Staleness, read_coverage
from tests.support.trained_worlds import make_facts

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = 400
STEADY = np.arange(0, AS_OF)


def records_of(facts, feed_of):
    """Return one reported record per case at noon of its day; `feed_of` gives the feed of each grid."""
    grids = facts.places.grid_ids[facts.cases.grid].tolist()
    noon = [midnight(int(day), ZONE) + timedelta(hours=12) for day in facts.cases.known_day]
    columns = {Col.ACTION: [Action.REPORTED.value] * len(grids), Col.KNOWN_AT: noon, Col.GRID_ID: grids, Col.FEED: map(feed_of, grids)}
    return pl.DataFrame({name: pl.Series(list(values), dtype=RECORD_SCHEMA[name]) for name, values in columns.items()})


def coverage_of(days_by_grid, feed_of=lambda _: "one", as_of=AS_OF, retired=()):
    days = [np.asarray(days) for days in days_by_grid]
    grid = np.repeat(np.arange(len(days)), [len(each) for each in days])
    facts = make_facts(grid, np.concatenate(days), len(days), AS_OF)
    return read_coverage(records_of(facts, feed_of), facts, as_of, Staleness(7, retired), ZONE)


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
    coverage = coverage_of([STEADY, np.arange(0, AS_OF, 40)])

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
