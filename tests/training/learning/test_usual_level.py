import numpy as np
import pytest

from tests.support.trained_worlds import FAST, HORIZON, draw_facts, make_facts, make_panel, place_rates, weekly
from training.learning.labels import count_labels
from training.learning.usual_level import FEW_EVENTS, RATE, REGRESSION, TREND, fit_usual_level, likeliest_shares

DAYS = 400


def fitted(facts):
    panel = make_panel(facts, weekly(DAYS))
    counts = count_labels(facts, panel.as_ofs, HORIZON)
    return panel, counts, fit_usual_level(panel, counts, np.full(counts.shape, float(HORIZON)), FAST.model.most_rows)


def steady(seed):
    return np.broadcast_to(np.random.default_rng(seed).gamma(2.0, 1.0, 30), (DAYS, 30))


def drifting(seed):
    steps = np.random.default_rng(seed).normal(0, 0.1, (DAYS, 30))
    return np.exp(np.cumsum(steps, axis=0) - 1)


def test_fit_usual_level_trusts_the_year_where_rates_stay_and_the_last_weeks_where_they_drift():
    shares = [fitted(draw_facts(rates(1), DAYS, seed=2))[2].shares for rates in (steady, drifting)]

    assert shares[0][RATE] + shares[0][TREND] + shares[0][REGRESSION] > 0.6
    assert shares[1]["target_decay_grid_7d"] > 0.2 > 2 * shares[0]["target_decay_grid_7d"]
    assert [1, 1] == pytest.approx([sum(share.values()) for share in shares])


def test_fit_usual_level_leaves_all_to_the_regression_where_grids_see_next_to_nothing_of_their_own():
    seldom, often = (fitted(draw_facts(np.full(30, rate), DAYS, seed=2)) for rate in (0.002, 0.1))

    assert seldom[1].sum() / 30 < FEW_EVENTS < often[1].sum() / 30
    assert seldom[2].shares == {REGRESSION: 1.0}
    assert often[2].shares[RATE] > 0.05


def test_shares_are_learnt_where_the_regression_had_seen_nothing():
    """Over pure noise it fits its own rows by chance; on later rows that chance is worth nothing."""
    facts = draw_facts(np.full(30, 0.1), DAYS, seed=7)
    panel, counts, level = fitted(facts)
    days = np.full(counts.shape, float(HORIZON))

    in_its_own_rows = likeliest_shares(panel, counts, days, level.regression)

    assert level.shares[REGRESSION] < in_its_own_rows[REGRESSION]


def test_per_day_foretells_the_counts_it_learnt_from_on_the_whole():
    panel, counts, level = fitted(draw_facts(place_rates(30, seed=1), DAYS, seed=2))

    assert (level.per_day(panel) * HORIZON).sum() == pytest.approx(counts.sum(), rel=0.1)


def test_per_day_comes_closer_to_the_truth_than_counting():
    rates = place_rates(40, seed=3)
    panel, _, level = fitted(draw_facts(rates, DAYS, seed=4))

    def error(found):
        return np.mean((np.log(found + 1e-3) - np.log(rates + 1e-3)) ** 2)

    counted = panel.column("target_count_grid_28d") / 28
    assert error(level.per_day(panel)) < error(counted) / 2


def test_per_day_quiet_grid_stays_finite():
    panel, _, level = fitted(make_facts(grid=[0] * 50 + [1, 2, 3], day=[*range(0, 400, 8), 0, 0, 0], grids=4, through=DAYS))

    rates = level.per_day(panel)

    assert (rates >= level.floor).all()
    assert level.floor > 0
    assert (rates[-1, 0] > 5 * rates[-1, 1:]).all()


def test_per_day_of_a_case_a_day_is_one_however_short_the_log():
    panel, _, level = fitted(make_facts(grid=np.repeat([0, 1], DAYS), day=np.tile(np.arange(DAYS), 2), grids=2, through=DAYS))

    np.testing.assert_allclose(level.per_day(panel), 1.0, rtol=0.1)


def test_fit_usual_level_single_grid_has_no_district_to_follow():
    _, _, level = fitted(draw_facts(np.array([0.3]), DAYS, seed=1))

    assert TREND not in level.shares
    assert sum(level.shares.values()) == pytest.approx(1)


def test_per_day_of_one_as_of_equals_the_same_row_of_many():
    facts = draw_facts(place_rates(10, seed=1), DAYS, seed=2)
    panel, _, level = fitted(facts)

    np.testing.assert_array_equal(level.per_day(make_panel(facts, panel.as_ofs[-1:])), level.per_day(panel)[-1:])
