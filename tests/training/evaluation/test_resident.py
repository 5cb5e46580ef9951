from dataclasses import replace

import numpy as np

from tests.support.trained_worlds import make_facts
from training.evaluation.predictions import resident_reported


def facts_with(self_found, source):
    facts = make_facts(grid=[0, 0, 1, 1], day=[1, 2, 3, 4], grids=2, through=60)
    cases = replace(facts.cases, self_found=np.array(self_found, np.int16), source=np.array(source, np.int16))
    return replace(facts, cases=cases, sources=("grid_worker", "hotline"))


def test_resident_reported_goes_by_self_found_before_the_source():
    found = resident_reported(facts_with(self_found=[1, 0, -1, -1], source=[1, 0, 1, 0]))

    assert found.target.occurred_day.tolist() == [2, 3]


def test_resident_reported_case_of_unknown_origin_is_left_out():
    found = resident_reported(facts_with(self_found=[0, -1, -1, -1], source=[-1, -1, -1, 1]))

    assert found.target.occurred_day.tolist() == [1, 4]


def test_resident_reported_log_that_does_not_say_gives_none():
    assert resident_reported(facts_with(self_found=[-1] * 4, source=[-1] * 4)) is None
