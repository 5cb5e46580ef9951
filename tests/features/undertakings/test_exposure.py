from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.days import to_date
from features.facts.places import WEIGHT_UNIT
from features.undertakings.exposure import with_visits
from features.undertakings.undertaking import EFFORT_SCHEMA
from tests.support.trained_worlds import HORIZON, make_facts, make_panel
from training.learning.labels import count_labels

VISITED, SELDOM, UNWRITTEN = range(3)


def effort(weeks=range(4), visits=None):
    """Return weeks of a grid that is visited twice a week and of one that nobody visits."""
    rows = [(f"g{grid:03}", to_date(7 * week), often) for week in weeks for grid, often in (visits or {VISITED: 2, SELDOM: 0}).items()]
    return pl.DataFrame(rows, schema=EFFORT_SCHEMA, orient="row")


def found_on(*days, grids=(VISITED, SELDOM, UNWRITTEN), found=1):
    """Return facts of a case in every grid on each of some days."""
    facts = make_facts(np.repeat(grids, len(days)), np.tile(days, len(grids)), grids=3, through=100)
    return replace(facts, cases=replace(facts.cases, self_found=np.full(len(facts.cases.grid), found, np.int16)))


def test_found_case_counts_by_the_days_over_what_the_visits_of_its_grid_were_worth():
    weighed = with_visits(found_on(28), effort(), visit_days=1.0).cases.exposure

    assert [(28 + 40) / (8 + 40), (28 + 40) / 40, 1.0] == pytest.approx(weighed, abs=WEIGHT_UNIT)


def test_reported_case_counts_as_it_comes():
    assert [1.0, 1.0, 1.0] == with_visits(found_on(28, found=0), effort(), visit_days=1.0).cases.exposure.tolist()


def test_weight_of_a_case_is_made_by_the_weeks_that_ended_before_it():
    facts, days = found_on(0, 6, 7, 27, 28, grids=[SELDOM]), [0, 0, 7, 21, 28]

    assert [(past + 40) / 40 for past in days] == pytest.approx(with_visits(facts, effort(), 1.0).cases.exposure, abs=WEIGHT_UNIT)
    later = effort(weeks=range(9), visits={SELDOM: 50}).filter(pl.col("week") >= to_date(28))
    changed = with_visits(facts, pl.concat([effort(), later]), 1.0)
    np.testing.assert_array_equal(with_visits(facts, effort(), 1.0).cases.exposure, changed.cases.exposure)


def test_weeks_of_more_than_a_year_ago_are_forgotten():
    facts = found_on(60 * 7, grids=[SELDOM])
    one_year = with_visits(facts, effort(weeks=range(8, 60)), 1.0).cases.exposure

    assert one_year.tolist() == with_visits(facts, effort(weeks=range(60)), 1.0).cases.exposure.tolist()


@pytest.mark.parametrize(("weeks", "visit_days"), [(effort(), None), (effort(weeks=[]), 1.0)])
def test_without_the_worth_of_a_visit_or_any_visits_nothing_changes(weeks, visit_days):
    facts = found_on(28)

    assert with_visits(facts, weeks, visit_days) is facts


def test_windows_and_labels_count_by_visits_alike():
    """A label that counted otherwise than windows would teach the model that visits are trouble."""
    facts = with_visits(found_on(28), effort(), visit_days=1.0)
    panel = make_panel(facts, np.array([30], np.int32))
    label = count_labels(facts, np.array([28], np.int32), HORIZON)[0]

    np.testing.assert_array_equal(facts.cases.exposure.astype(np.float32), label)
    np.testing.assert_array_equal(label, panel.column("dispute_count_grid_28d")[0])
    np.testing.assert_array_equal(label, panel.column("target_count_grid_28d")[0])
