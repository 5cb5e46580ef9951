from dataclasses import replace

import numpy as np

from serving.scoring.list_builder import open_cases
from tests.support.trained_worlds import make_facts

AS_OF = 1000


def test_open_cases_are_counted_by_age_and_masked():
    age = np.array([7, 8, 8, 8, 60, 61, 61])
    facts = make_facts(np.zeros(7, int), AS_OF - age, 2, AS_OF)

    assert open_cases(facts, AS_OF) == [(None, 3, None, None), (0, 0, 0, 0)]


def test_open_cases_closed_before_or_known_later_are_left_out():
    facts = make_facts(np.zeros(6, int), AS_OF - np.array([9, 9, 9, 9, 0, 0]), 1, AS_OF)
    start = facts.spells.start_day
    closed = replace(facts, spells=replace(facts.spells, end_day=np.where(np.arange(6) == 0, start + 1, facts.spells.end_day)))

    assert open_cases(facts, AS_OF) == [(0, 4, 0, 0)]
    assert open_cases(closed, AS_OF) == [(0, 3, 0, 0)]
