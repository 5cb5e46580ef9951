import numpy as np

from training.learning.case_chances import LEAST_ROWS, NO_CHANCES, learn_chances


def test_learn_chances_counts_each_group_by_itself_and_says_nothing_of_small_ones():
    chances = np.repeat([0.05, 0.45, 0.95], [LEAST_ROWS, 2 * LEAST_ROWS, LEAST_ROWS - 1])
    happened = np.concatenate([np.zeros(LEAST_ROWS), np.tile([1.0, 0.0], LEAST_ROWS), np.ones(LEAST_ROWS - 1)])

    found = learn_chances(chances, happened).of(np.array([0.06, 0.41, 0.97]))

    np.testing.assert_array_equal(found, [0.0, 0.5, np.nan])


def test_of_without_foretold_rows_says_nothing():
    assert np.isnan(NO_CHANCES.of(np.array([0.1, 0.9]))).all()
