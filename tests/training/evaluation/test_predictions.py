from dataclasses import replace
from datetime import date

import numpy as np

from features.days import day_number
from tests.support.trained_worlds import make_facts, make_panel
from training.evaluation.predictions import subsets

NEW_YEAR_2023 = day_number(date(2023, 1, 22))


def chosen(facts, as_ofs):
    return subsets(facts, make_panel(facts, np.array(as_ofs, np.int32)))


def test_subsets_onset_has_no_open_case_and_no_event_in_90_days():
    facts = make_facts(grid=[0, 1], day=[10, 150], grids=3, through=400)
    facts = replace(facts, spells=replace(facts.spells, end_day=facts.spells.start_day + np.int32(5)))

    assert chosen(facts, [200])["onset"].tolist() == [[True, False, True]]


def test_subsets_onset_in_a_log_with_disputes_looks_at_them_alone():
    """Grid 0 had a dispute, grid 1 a service request."""
    facts = make_facts(grid=[0, 1], day=[150, 150], grids=3, through=400)
    types = np.array([0, 1], np.int16)
    facts = replace(
        facts,
        cases=replace(facts.cases, event_type=types, kind=types),
        spells=replace(facts.spells, end_day=facts.spells.start_day + np.int32(5)),
        event_types=("dispute", "service_request"),
        kinds=(("dispute", "other"), ("service_request", "other")),
    )

    assert chosen(facts, [200])["onset"].tolist() == [[False, True, True]]


def test_subsets_low_reporting_is_the_quarter_that_reported_least():
    facts = make_facts(grid=[0] + [1] * 2 + [2] * 3 + [3] * 4, day=[100] * 10, grids=4, through=400)

    assert chosen(facts, [200])["low_reporting"].tolist() == [[True, False, False, False]]


def test_subsets_low_reporting_grids_alike_are_none():
    facts = make_facts(grid=[0, 1, 2, 3], day=[100] * 4, grids=4, through=400)

    assert not chosen(facts, [200])["low_reporting"].any()


def test_subsets_before_spring_festival_is_the_four_weeks_before_it():
    facts = replace(make_facts(grid=[0], day=[NEW_YEAR_2023 - 300], grids=1, through=NEW_YEAR_2023 + 60), first_day=NEW_YEAR_2023 - 400)
    as_ofs = [NEW_YEAR_2023 + days for days in (-29, -28, -1, 0)]

    assert chosen(facts, as_ofs)["before_spring_festival"].ravel().tolist() == [False, True, True, False]


def test_subsets_after_redraw_is_the_first_sixty_days_of_new_borders():
    facts = make_facts(grid=[0, 1], day=[10, 10], grids=2, through=400)
    facts = replace(facts, places=replace(facts.places, redrawn_day=np.array([100, facts.places.redrawn_day[1]], np.int32)))

    assert chosen(facts, [99, 100, 159, 160])["after_redraw"].tolist() == [[False, False], [True, False], [True, False], [False, False]]
