import numpy as np
import pytest

from training.learning.count_variation import draw_counts, estimate_variation, rank_range


@pytest.mark.parametrize(("of_grid", "common"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.04)])
def test_estimate_variation_finds_what_counts_were_drawn_with(of_grid, common):
    random = np.random.default_rng(1)
    expected = np.tile(np.linspace(0.1, 2.0, 200), (300, 1))
    shared = random.gamma(1 / common, common, (300, 1)) if common else np.ones((300, 1))
    counts = np.array([draw_counts(row, of_grid, random) for row in expected * shared])

    found = estimate_variation(expected, counts)

    assert found.of_grid == pytest.approx(of_grid + common, abs=0.06)
    assert found.common == pytest.approx(common, abs=0.012)


def test_estimate_variation_of_counts_that_vary_less_than_chance_is_none():
    found = estimate_variation(np.full((5, 3), 4.0), np.full((5, 3), 4.0))

    assert (found.of_grid, found.common) == (0.0, 0.0)


def test_rank_range_widens_with_the_variation_of_counts():
    expected = np.linspace(30.0, 10.0, 21)[None]
    ties = np.zeros(21, np.uint64)

    low, high = rank_range(expected, 0.0, ties, np.random.default_rng(1))
    lower, higher = rank_range(expected, 0.5, ties, np.random.default_rng(1))

    assert (higher - lower).mean() > (high - low).mean() + 3
