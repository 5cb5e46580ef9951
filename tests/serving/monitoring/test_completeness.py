"""How long a source was silent, and what its year before foretells."""

from dataclasses import replace

import numpy as np
import pytest

from features.facts.facts import no_marks
from features.facts.places import Level
from serving.monitoring import completeness
from serving.monitoring.completeness import (
    ALARM,
    BEFORE_WEEKS,
    WEEK,
    WEEKS,
    _foretell,
    _longest_gap,
    cumulative_sums,
    find_halved,
    halved_findings,
)
from tests.support.trained_worlds import make_facts

LAST = 400


@pytest.mark.parametrize("silent_days", [28, 200, 600])
def test_longest_gap_begins_with_the_last_report_however_long_ago(silent_days: int) -> None:
    """Measured from the window's first day, a source that is silent for a year is expected to be."""
    own, as_of = np.arange(LAST + 1, dtype=np.int32), LAST + 1 + silent_days

    days, start = _longest_gap(own, as_of - 28, as_of)

    assert (silent_days, LAST + 1) == (days, start)
    assert silent_days == round(_foretell(own, start, days)[0])


AREAS = 5_000
DAYS = WEEK * (BEFORE_WEEKS + WEEKS)
TOWNSHIPS, GRIDS_EACH = 8, 10


def alarms(six_weeks: float, factor: float, weeks: int) -> float:
    """Return the share of areas that raise an alarm within some weeks, where `factor` of what their own year tells is reported."""
    rng = np.random.default_rng(1)
    year = rng.poisson(six_weeks / 6 * BEFORE_WEEKS, AREAS) / BEFORE_WEEKS
    observed = rng.poisson(factor * six_weeks / 6, (weeks, AREAS)).astype(np.float64)
    sums = cumulative_sums(observed, np.broadcast_to(year, observed.shape), np.ones(AREAS))
    return float((sums >= ALARM).any(axis=0).mean())


@pytest.mark.parametrize("six_weeks", [32, 80, 200])
def test_halved_alarm_is_false_at_most_once_in_a_hundred_quarters(six_weeks, record_property):
    false = alarms(six_weeks, factor=1.0, weeks=13)
    record_property(f"false alarms in 100 quarters of an area with {six_weeks} reports in 6 weeks", f"{100 * false:.1f}")

    assert false <= 0.01


@pytest.mark.parametrize(("six_weeks", "within"), [(80, 6), (32, 20)])
def test_halved_reports_are_found_in_time_in_nine_of_ten_areas(six_weeks, within, record_property):
    share = alarms(six_weeks, factor=0.5, weeks=within)
    record_property(f"halved reports found within {within} weeks at {six_weeks} in 6 weeks", f"{100 * share:.0f} %")

    assert share >= 0.9


def reports(factor=1.0, escalations_fall=False, everywhere=1.0):
    """Return facts of townships in one of which `factor` of the usual is reported over the last ten weeks; one in ten cases escalates."""
    rng, grids = np.random.default_rng(2), TOWNSHIPS * GRIDS_EACH
    rates = np.full((DAYS, grids), 0.3)
    rates[-10 * WEEK :] *= everywhere
    rates[-10 * WEEK :, :GRIDS_EACH] *= factor
    counts = rng.poisson(rates)
    day, grid = np.nonzero(counts)
    times = counts[day, grid]
    facts = make_facts(np.repeat(grid, times), np.repeat(day, times), grids, DAYS)
    member = (np.arange(grids) // GRIDS_EACH).astype(np.int32)
    levels = facts.places.levels | {"township": Level(tuple(f"t{number}" for number in range(TOWNSHIPS)), member)}
    target = facts.target if escalations_fall else no_marks()
    return replace(facts, places=replace(facts.places, levels=levels), target=target)


def test_find_halved_names_the_township_whose_residents_report_half():
    (halved,) = find_halved(reports(factor=0.45), DAYS)

    assert (halved.area, halved.weeks) == ("t0", pytest.approx(10, abs=3))
    assert halved.reported == pytest.approx(0.45 * halved.expected, rel=0.25)
    assert [finding.about for finding in halved_findings([halved])] == ["completeness"]


@pytest.mark.parametrize("facts", [reports(), reports(everywhere=0.5), reports(factor=0.45, escalations_fall=True)])
def test_find_halved_leaves_out_what_fell_everywhere_and_where_escalations_fell_too(facts):
    assert [] == find_halved(facts, DAYS)


def test_find_halved_that_compares_with_the_own_year_alone_is_caught(monkeypatch):
    """A holiday halves reports everywhere; who looks at one township alone takes that for suppression."""
    alone = lambda counts: np.broadcast_to(counts[:BEFORE_WEEKS].mean(axis=0), counts[BEFORE_WEEKS:].shape)  # noqa: E731
    monkeypatch.setattr(completeness, "_expected", alone)

    assert len(find_halved(reports(everywhere=0.5), DAYS)) > 0
