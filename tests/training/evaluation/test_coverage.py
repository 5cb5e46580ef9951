import numpy as np
import polars as pl
import pytest

from training.evaluation.coverage import check_coverage

GRIDS, LISTS = 60, 40


def table(common, claimed):
    """Return lists whose counts share a variation, and what a model claims of it."""
    random = np.random.default_rng(3)
    expected = np.tile(np.linspace(0.1, 3.0, GRIDS), LISTS)
    shared = np.repeat(random.gamma(1 / common, common, LISTS) if common else np.ones(LISTS), GRIDS)
    return pl.DataFrame(
        {
            "as_of": np.repeat(np.arange(LISTS), GRIDS),
            "count": random.poisson(expected * shared).astype(float),
            "expected_lightgbm": expected,
            "variation": 0.0,
            "common_variation": claimed,
        }
    )


def test_check_coverage_of_counts_as_claimed_is_nominal():
    found = check_coverage(table(0.0, 0.0), 1)

    assert (found.lists, found.rank) == (LISTS, pytest.approx(0.9, abs=0.05))
    assert found.band == pytest.approx(0.8, abs=0.13)
    assert found.rank_with_escalation > 0.8


def test_check_coverage_band_without_the_shared_variation_holds_less():
    found = check_coverage(table(0.1, 0.1), 1)

    assert found.band == pytest.approx(0.8, abs=0.15)
    assert found.band_poisson < 0.5
