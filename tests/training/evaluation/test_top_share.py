import numpy as np
import pytest

from training.evaluation.top_share import flag, flag_top, without_ties


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


def test_flag_top_counts_places_not_shares():
    score, as_of = np.array([5.0, 4, 3, 9, 9, 9]), np.repeat([0, 1], 3)

    assert flag_top(score, as_of, 1).tolist() == pytest.approx([1, 0, 0, 1 / 3, 1 / 3, 1 / 3])
    assert flag_top(score, as_of, 5).tolist() == [1] * 6


def test_without_ties_for_and_against_a_score_bound_the_expected_hits():
    generator = np.random.default_rng(1)
    score, counts, as_of = generator.integers(0, 3, 60).astype(float), generator.poisson(1, 60), np.repeat([0, 1, 2], 20)

    worst, expected, best = (
        (flag(values, as_of, 0.25) * counts).sum() for values in (without_ties(score, -counts), score, without_ties(score, counts))
    )

    assert worst < expected < best
