import numpy as np
import pytest

from training.learning.calibration import Calibration, calibrate


def test_calibrate_finds_the_odds_behind_the_labels():
    generator = np.random.default_rng(1)
    log_expected = generator.normal(-2, 1, 40_000)
    truth = Calibration(0.3, 0.8).risk(log_expected)

    found = calibrate(log_expected, (generator.random(40_000) < truth).astype(float))

    assert (found.intercept, found.slope) == pytest.approx((0.3, 0.8), abs=0.06)


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
