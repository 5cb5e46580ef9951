import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring.list_builder import weekly_cases, weekly_escalations
from tests.support.trained_worlds import make_facts

MONDAY = 1001 * 7 + 4


def test_weekly_cases_counts_full_weeks_and_masks_one_and_two():
    days = MONDAY - 28 + np.array([0, 6, 7, 7, 8, 21, 28, 28, 28, 28])
    facts = make_facts(np.zeros(10, int), days, 2, MONDAY + 7)

    assert [row[-4:] for row in weekly_cases(facts, MONDAY + 3)] == [(None, 3, 0, None), (0, 0, 0, 0)]


def test_weekly_cases_before_the_log_began_are_left_out():
    facts = make_facts([0, 0, 0], MONDAY + np.array([0, 1, 2]), 1, MONDAY + 7)
    facts = type(facts)(**{**vars(facts), "first_day": MONDAY - 10})

    assert weekly_cases(facts, MONDAY + 7) == [(0, 3)]
    assert weekly_cases(facts, MONDAY - 9) == [()]


@given(st.lists(st.integers(0, 59), max_size=40), st.integers(40, 58))
def test_weekly_cases_of_later_dates_only_add_weeks(days, as_of):
    """Two lists, subtracted, must not give away a single case."""
    facts = make_facts(np.zeros(len(days), int), MONDAY + np.array(days, int), 1, MONDAY + 60)
    (earlier,), (later,) = weekly_cases(facts, MONDAY + as_of), weekly_cases(facts, MONDAY + as_of + 1)

    settled = later[:-1] if (as_of + 1) % 7 == 0 else later
    assert earlier[-51:] == settled[-51:]
    assert not {1, 2} & set(later)


def test_weekly_escalations_counts_by_the_day_they_became_known():
    facts = make_facts(np.zeros(3, int), MONDAY - 7 + np.array([0, 1, 7]), 1, MONDAY + 7)

    assert weekly_escalations(facts, MONDAY + 1)["g000"][-1:] == [2.0]
