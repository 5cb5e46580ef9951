import numpy as np
import pytest

from serving.scoring import coverage
from serving.scoring.coverage import SILENT_FROM, read_pace, read_reporting
from tests.support.trained_worlds import draw_facts, make_facts

DAYS = 500


def without(facts, grids, from_day):
    """Return the facts without what some grids reported from a day on."""
    cases = facts.cases
    kept = ~(np.isin(cases.grid, grids) & (cases.known_day >= from_day))
    return make_facts(cases.grid[kept], cases.known_day[kept], facts.places.size, DAYS)


@pytest.fixture(scope="module")
def district():
    """300 grids with about 35 reports a year, more on some weekdays, fewer in one season."""
    day = np.arange(DAYS)
    pulse = np.where(day % 7 < 5, 1.3, 0.25) * np.where((day > 430) & (day < 460), 0.4, 1.0)
    return draw_facts(np.outer(pulse, np.full(300, 35 / 365)), DAYS, seed=4)


def silent(reporting):
    return reporting.missing >= SILENT_FROM * reporting.spread


def test_read_reporting_outage_is_found_once_4_7_reports_are_missing(district, record_property):
    out = np.arange(0, 300, 10)

    found = [silent(read_reporting(without(district, out, DAYS - days), DAYS))[out].mean() for days in (20, 60, 100)]

    record_property("share of planted outages found after 20, 60 and 100 days", [round(float(share), 2) for share in found])
    assert found[0] <= 0.2
    assert found[2] == 1


def test_read_reporting_quiet_grids_are_rarely_silenced(district, record_property):
    drift = [silent(read_reporting(district, as_of)).mean() for as_of in (420, 440, 460, 500)]

    record_property("share of quiet grids taken for silent, at most", round(float(max(drift)), 3))
    assert max(drift) <= 0.03


def test_read_reporting_gaps_of_a_grid_that_reports_in_batches_mean_nothing():
    """Forty reports on every other Friday: two weeks without one are its way, though 40 are missing."""
    steady, batches = np.repeat(np.arange(DAYS), 3), np.repeat(np.arange(4, DAYS, 14), 40)
    facts = make_facts(np.repeat([0, 1, 2], [len(steady), len(steady), len(batches)]), np.concatenate([steady, steady, batches]), 3, DAYS)

    reporting = read_reporting(facts, int(batches[-1]) + 13)

    assert reporting.missing[2] > SILENT_FROM
    assert [False, False, False] == silent(reporting).tolist()


def test_read_reporting_what_becomes_known_later_changes_nothing(district):
    known = district.cases.known_day < 440
    earlier = make_facts(district.cases.grid[known], district.cases.known_day[known], 300, DAYS)
    whole, cut = read_reporting(district, 440), read_reporting(earlier, 440)

    assert all(np.array_equal(vars(whole)[name], vars(cut)[name]) for name in vars(whole))


@pytest.fixture(scope="module")
def small():
    """Forty grids of two townships with about 35 reports a year each."""
    return draw_facts(np.full(40, 35 / 365), DAYS, seed=4)


def flooded(facts):
    """Return the facts with fifty reports a day in one grid over the last week."""
    day = np.repeat(np.arange(DAYS - 7, DAYS), 50)
    cases = facts.cases
    grid = np.concatenate([cases.grid, np.zeros(len(day))])
    return make_facts(grid, np.concatenate([cases.known_day, day]), facts.places.size, DAYS)


def test_read_reporting_flood_in_one_township_silences_no_other_grid(small):
    before, after = (silent(read_reporting(facts, DAYS)) for facts in (small, flooded(small)))

    assert before.tolist() == after.tolist()


def test_read_pace_flood_in_one_township_makes_no_other_grid_report_too_little(small):
    below = [(pace := read_pace(facts, DAYS, np.full(40, SILENT_FROM))).is_below(np.ones(40)) for facts in (small, flooded(small))]

    assert below[1][1:].sum() <= below[0][1:].sum() + 2
    assert pace.is_known().all()


def test_read_reporting_flood_that_counts_in_full_is_caught(small, monkeypatch):
    monkeypatch.setattr(coverage, "_without_floods", lambda places, grid, weight, age: weight)
    before, after = (silent(read_reporting(facts, DAYS)) for facts in (small, flooded(small)))

    assert (after & ~before).sum() > 5
