import numpy as np
import pytest

from features.facts.facts import Outcome
from training.learning.outcome_split import HANDED_UP, NO_SPLIT, OUTCOMES, TERM_PASSED, fit_outcome_split, fit_shares
from training.settings import ModelSettings

SETTINGS = ModelSettings(min_data_in_leaf=20, threads=1)


def test_fit_outcome_split_tells_terms_from_handing_up_by_what_trees_read():
    """Of cases that fall due nine in ten escalate by their term, of the others none; the shares of every row add up to one."""
    random = np.random.default_rng(1)
    due = random.random(3000) < 0.5
    passed = due & (random.random(3000) < 0.9)
    codes = np.where(passed, Outcome.TERM_PASSED, Outcome.HANDED_UP).astype(np.int16)
    codes[::3] = 0
    matrix = np.stack([due, random.random(3000)], axis=1).astype(np.float32)

    shares = fit_outcome_split(matrix, codes, np.ones(3000), ("falls_due", "noise"), SETTINGS).of(matrix)

    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert shares[due, TERM_PASSED].mean() == pytest.approx(0.9, abs=0.1)
    assert shares[~due, HANDED_UP].mean() > 0.9


def test_fit_shares_counts_outcomes_by_weight_and_gives_none_to_what_never_happened():
    codes = np.array([0, Outcome.CAME_BACK, Outcome.HANDED_UP, Outcome.CAME_BACK], np.int16)

    shares = dict(zip(OUTCOMES, fit_shares(codes, np.array([9.0, 2.0, 1.0, 1.0])).shares, strict=True))

    assert shares[Outcome.TERM_PASSED] == 0
    assert shares[Outcome.CAME_BACK] == pytest.approx((3 + 0.5) / 5)
    assert sum(shares.values()) == pytest.approx(1)


def test_fit_shares_where_new_events_are_counted_has_nothing_to_split():
    assert fit_shares(np.array([0, 0], np.int16), np.ones(2)) == NO_SPLIT
