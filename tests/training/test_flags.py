import numpy as np

from training.flags import flag


def test_flag_counts_per_as_of_and_rounds_half_up():
    score = np.array([5.0, 4, 3, 2, 1, 9, 8, 7])
    as_of = np.array([0, 0, 0, 0, 0, 1, 1, 1])

    assert flag(score, as_of, 0.5).tolist() == [1, 1, 1, 0, 0, 1, 1, 0]


def test_flag_always_flags_one():
    assert flag(np.array([1.0, 2.0]), np.zeros(2, int), 0.01).tolist() == [0, 1]


def test_flag_ties_equal_the_mean_over_random_orders():
    generator = np.random.default_rng(1)
    score, as_of = generator.integers(0, 4, 60).astype(float), np.repeat([0, 1, 2], 20)

    def broken_at_random():
        noisy = score + generator.random(60) * 1e-6
        return flag(noisy, as_of, 0.25)

    mean = np.mean([broken_at_random() for _ in range(4000)], axis=0)

    np.testing.assert_allclose(flag(score, as_of, 0.25), mean, atol=0.04)


def test_flag_no_rows_gives_none():
    assert flag(np.zeros(0), np.zeros(0, int), 0.1).tolist() == []
