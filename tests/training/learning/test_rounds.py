import numpy as np

from training.learning.inner_validation import fewest_within_one_error


def test_fewest_within_one_error_clear_gain_is_taken():
    losses = np.tile([1.0, 0.8, 0.5, 0.6], (10, 1)) + np.random.default_rng(1).normal(0, 0.01, (10, 4))

    assert fewest_within_one_error(losses, independent=5) == 2


def test_fewest_within_one_error_gain_within_chance_is_not():
    noise = np.random.default_rng(1).normal(0, 0.3, (10, 3))
    losses = np.tile([1.0, 0.99, 0.98], (10, 1)) + noise - noise.mean(axis=0)

    assert fewest_within_one_error(losses, independent=5) == 0
