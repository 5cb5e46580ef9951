import numpy as np

from serving.scoring.report_pace import read_pace
from tests.support.trained_worlds import make_facts

AS_OF = 600
LEAST = np.full(3, 4.7)


def pace_of(*days):
    grid = np.repeat(np.arange(3), [len(each) for each in days])
    return read_pace(make_facts(grid, np.concatenate(days), 3, AS_OF), AS_OF, LEAST)


def test_read_pace_takes_the_shortest_window_in_which_enough_is_expected():
    daily, weekly, rare = np.arange(AS_OF), np.arange(0, AS_OF, 8), np.arange(0, AS_OF, 90)

    pace = pace_of(daily, weekly, rare)

    assert pace.observed[:2].tolist() == [42, 5]
    np.testing.assert_allclose(pace.expected[:2], [42, 5.25], rtol=0.15)
    assert pace.is_known().tolist() == [True, True, False]
    assert not pace.is_below(np.ones(3)).any()


def test_read_pace_grid_that_reports_a_third_of_its_own_rate_is_below():
    thinned = np.concatenate([np.arange(0, AS_OF - 42, 2), np.arange(AS_OF - 42, AS_OF, 6)])

    pace = pace_of(np.arange(AS_OF), np.arange(AS_OF), thinned)

    assert pace.is_below(np.ones(3)).tolist() == [False, False, True]
    assert not pace.is_below(np.full(3, 10.0)).any()


def test_read_pace_of_days_on_which_all_grids_report_less_is_nobodys_fault():
    holiday = np.arange(AS_OF - 20)

    assert not pace_of(holiday, holiday, holiday).is_below(np.ones(3)).any()
