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


def test_check_coverage_of_grids_with_a_rare_escalation_is_what_exact_expectations_give():
    """Chosen by what followed, few grids lie within ranges that are right; of those chosen by what was expected nine of ten do."""
    random = np.random.default_rng(5)
    expected = np.tile(np.geomspace(0.001, 0.5, GRIDS), LISTS)
    rows = table(0.0, 0.0).with_columns(
        pl.Series("expected_lightgbm", expected), pl.Series("count", random.poisson(expected).astype(float))
    )

    found = check_coverage(rows, 1)
    flat = check_coverage(rows.with_columns(expected_lightgbm=pl.lit(float(expected.mean()))), 1)

    assert found.rank_with_escalation < 0.8 < found.rank_at_top
    assert found.rank_with_escalation == pytest.approx(found.rank_with_escalation_if_exact, abs=0.06)
    assert abs(flat.rank_with_escalation - flat.rank_with_escalation_if_exact) > 0.06


def test_check_coverage_without_an_escalation_says_nothing_of_such_grids():
    found = check_coverage(table(0.0, 0.0).with_columns(count=pl.lit(0.0), expected_lightgbm=pl.lit(1e-9)), 1)

    assert (found.rank_with_escalation, found.rank_with_escalation_if_exact) == (None, None)
