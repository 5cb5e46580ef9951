import numpy as np
import pytest

from tests.support.trained_worlds import FAST, HORIZON, draw_facts, make_panel, place_rates, weekly
from training.evaluation.baselines import BASELINES, available, fit_rate, score_of, z_score


@pytest.fixture(scope="module")
def panel():
    return make_panel(draw_facts(place_rates(6, seed=1), days=120, seed=2), weekly(120))


def test_available_names_what_is_left_out_and_why(panel):
    names, notes = available(panel, HORIZON)

    assert set(BASELINES) - set(names) == {"open_backlog", "backlog_by_type", "due"}
    assert notes[2] == "baseline due is left out: the log yields no column due_count_grid_14d."


def test_available_scores_have_one_row_per_as_of_and_grid(panel):
    names, _ = available(panel, HORIZON)
    scores = {name: score_of(name, panel, HORIZON) for name in names}

    assert {score.shape[:2] for score in scores.values()} == {panel.values.shape[1:]}
    np.testing.assert_allclose(scores["decay_28d"][..., 0], np.log(panel.column("target_decay_grid_28d") + 0.5), atol=1e-6)


def test_fit_rate_makes_the_scores_add_up_to_what_happened():
    scores = np.log(np.array([[0.0, 1.0, 2.0], [0.0, 4.0, 1.0]]) + 0.5)[..., None]
    counts = np.array([[0.0, 2.0, 3.0], [1.0, 8.0, 1.0]])

    expected = fit_rate(scores, counts)(scores)

    assert expected.sum() == pytest.approx(counts.sum(), rel=1e-3)
    assert expected.argmax() == 4


def test_fit_rate_in_proportion_takes_the_straight_line_where_it_fits_better():
    scores = np.linspace(0, 40, 300).reshape(10, 30)
    counts = np.random.default_rng(1).poisson(5 + 0.5 * scores)
    logs = np.log(scores + 0.5)[..., None]

    line, power = (fit_rate(logs, counts, in_proportion=chosen)(logs) for chosen in (True, False))

    np.testing.assert_allclose(line, 5 + 0.5 * scores, rtol=0.1)
    assert np.abs(line - 5 - 0.5 * scores).mean() < np.abs(power - 5 - 0.5 * scores).mean() / 2


def test_fit_rate_missing_score_counts_as_the_mean():
    scores = np.array([[[0.0], [1.0]], [[2.0], [np.nan]]])
    rate = fit_rate(scores, np.array([[1.0, 2.0], [3.0, 2.0]]))

    np.testing.assert_allclose(rate(np.array([[[np.nan]]])), rate(np.array([[[1.0]]])))


def test_z_score_of_a_steady_grid_is_near_zero_and_of_a_jump_high():
    rates = np.full((300, 2), 0.5)
    rates[272:, 1] = 3.0
    panel = make_panel(draw_facts(rates, 300, seed=3), np.array([300], np.int32), FAST)

    steady, jump = z_score(panel)[0]

    assert abs(steady) < 2.5
    assert jump > 8
