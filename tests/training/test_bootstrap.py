import numpy as np
import pytest

from tests.support.trained_worlds import make_facts
from training.bootstrap import draw_weights, interval, number_blocks
from training.evaluation.metrics import Outcomes, Predicted, score

WEEKS = np.arange(0, 12 * 7, 7, dtype=np.int32)


def test_number_blocks_is_as_of_times_township():
    places = make_facts(grid=[0], day=[0], grids=3, through=9).places

    blocks = number_blocks(WEEKS[:2], places)

    assert blocks.tolist() == [[0, 1, 0], [2, 3, 2]]


def test_draw_weights_first_row_is_the_sample_and_draws_keep_its_size():
    weights = draw_weights(WEEKS, blocks=36, draws=20, seed=1)

    assert weights[0].tolist() == [1.0] * 36
    assert weights.sum(axis=1).tolist() == [36.0] * 21
    assert weights.tolist() == draw_weights(WEEKS, 36, 20, seed=1).tolist()


def test_draw_weights_without_draws_is_the_sample_alone():
    assert [[1.0] * 36] == draw_weights(WEEKS, blocks=36, draws=0, seed=1).tolist()


def test_draw_weights_takes_stretches_of_four_weeks_and_whole_townships():
    for weights in draw_weights(WEEKS, blocks=36, draws=20, seed=1)[1:]:
        by_week, by_township = weights.reshape(12, 3).sum(axis=1), weights.reshape(12, 3).sum(axis=0)
        np.testing.assert_array_equal(weights.reshape(12, 3) * 36, np.outer(by_week, by_township))
        changes = (np.diff(np.append(by_week, by_week[0])) != 0).sum()
        assert changes <= 6, "three stretches begin and end at most six times"


def test_interval_covers_95_percent_of_the_draws():
    assert interval(np.concatenate([[50.0], np.arange(101.0)])) == [2.5, 97.5]


@pytest.mark.parametrize("samples", [[np.nan, 1, 2], [1, np.nan, 2], [1]])
def test_interval_undefined_is_none(samples):
    assert interval(np.array(samples, float)) is None


def test_interval_of_a_mean_covers_the_truth():
    """Of 100 worlds whose months share a shock nine in ten intervals hold the true mean; drawing weeks one by one must be too sure."""
    generator = np.random.default_rng(1)

    def covered(days_apart):
        months = np.repeat(generator.normal(size=20), 4)
        rows = months + generator.normal(0, 0.3, 80)
        weights = draw_weights(np.arange(80, dtype=np.int32) * days_apart, 80, draws=200, seed=int(generator.integers(1 << 30)))
        low, high = interval(weights @ rows / 80)
        return low <= 0 <= high

    assert np.mean([covered(7) for _ in range(100)]) >= 0.85
    assert np.mean([covered(28) for _ in range(100)]) <= 0.75


def test_score_differences_are_paired():
    generator = np.random.default_rng(1)
    rate = generator.gamma(1.0, 1.0, 400)
    outcomes = Outcomes(generator.poisson(rate).astype(float), np.repeat(np.arange(20), 20), np.arange(400) // 10, np.full(400, 0.6))
    models = {name: Predicted(rate * factor, 1 - np.exp(-rate * factor)) for name, factor in {"a": 1.0, "b": 1.05}.items()}

    card = score(outcomes, models, draw_weights(WEEKS[:10], 40, 100, seed=1))

    gap = card.differences["b"]["poisson_deviance"]
    assert card.models["a"]["poisson_deviance"] - card.models["b"]["poisson_deviance"] == gap["value"]
    low, high = card.models["a"]["ci95"]["poisson_deviance"]
    assert gap["ci95"][1] - gap["ci95"][0] < (high - low) / 4
    assert card.differences["b"]["auc"] == {"value": 0.0, "ci95": [0.0, 0.0]}


def test_score_without_escalations_is_null_with_a_reason():
    outcomes = Outcomes(np.zeros(4), np.zeros(4, int), np.zeros(4, int), np.full(4, 0.5))

    card = score(outcomes, {"a": Predicted(np.ones(4), np.full(4, 0.5))}, draw_weights(WEEKS[:1], 1, 20, seed=1))

    assert (card.models["a"]["auc"], card.models["a"]["ci95"]["auc"]) == (None, None)
    assert card.models["a"]["poisson_deviance"] == 2.0
    assert "hit@10%" in card.notes[0]
    assert "none of 4 rows saw an escalation" in card.notes[0]
