import numpy as np
import pytest

from training.learning.calibration import LEAST_ROWS, NO_CHANCES, Calibration, calibrate, learn_chances


@pytest.mark.parametrize("truth", [Calibration(0.3, 0.8, 0.6), Calibration(-0.2, 1.1, 1.0), Calibration(0.1, 0.9, 50.0)], ids=str)
def test_calibrate_finds_the_chances_behind_the_labels(truth):
    generator = np.random.default_rng(1)
    log_expected = generator.normal(-0.5, 1.2, 60_000)
    chances = truth.risk(log_expected)

    found = calibrate(log_expected, (generator.random(60_000) < chances).astype(float))

    np.testing.assert_allclose(found.risk(log_expected), chances, atol=0.015)
    assert found.slope == pytest.approx(truth.slope, abs=0.08)


def test_risk_of_a_large_size_is_that_of_a_poisson_count_and_of_size_one_the_mean_as_odds():
    means = np.array([0.01, 0.5, 3.0])

    np.testing.assert_allclose(Calibration(size=1e9).risk(np.log(means)), 1 - np.exp(-means), rtol=1e-6)
    np.testing.assert_allclose(Calibration().risk(np.log(means)), means / (1 + means), rtol=1e-12)


def test_risk_keeps_the_order_without_new_ties():
    log_expected = np.sort(np.random.default_rng(1).normal(-3, 2, 15_000))

    risk = calibrate(log_expected, np.random.default_rng(2).random(15_000) < 0.04 + 0.01 * (log_expected > 0)).risk(log_expected)

    assert len(np.unique(log_expected)) == len(np.unique(risk))
    assert (np.diff(risk) >= 0).all()


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [1, 2, 1, 1], [1, 1, 0, 0]], ids=["none", "all", "wrong order"])
def test_calibrate_where_nothing_can_be_learnt_takes_the_expected_count_as_odds(counts):
    expected = np.array([0.1, 0.2, 0.5, 1.0])

    risk = calibrate(np.log(expected), np.array(counts, float)).risk(np.log(expected))

    np.testing.assert_allclose(risk, expected / (1 + expected))


def test_learn_chances_counts_each_group_by_itself_and_says_nothing_of_small_ones():
    chances = np.repeat([0.05, 0.45, 0.95], [LEAST_ROWS, 2 * LEAST_ROWS, LEAST_ROWS - 1])
    happened = np.concatenate([np.zeros(LEAST_ROWS), np.tile([1.0, 0.0], LEAST_ROWS), np.ones(LEAST_ROWS - 1)])

    found = learn_chances(chances, happened).of(np.array([0.06, 0.41, 0.97]))

    np.testing.assert_array_equal(found, [0.0, 0.5, np.nan])


def test_of_without_foretold_rows_says_nothing():
    assert np.isnan(NO_CHANCES.of(np.array([0.1, 0.9]))).all()
