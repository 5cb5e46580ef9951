import numpy as np
import pytest

from tests.training.worlds import make_facts
from training.bootstrap import draw_weights, interval, number_blocks
from training.metrics import Outcomes, Predicted
from training.scorecard import score


def test_number_blocks_joins_overlapping_horizons_of_one_township():
    places = make_facts(grid=[0], day=[0], grids=3, through=9).places

    blocks = number_blocks(np.array([0, 7, 14, 21], np.int32), places, horizon_days=14)

    assert blocks.tolist() == [[0, 1, 0], [0, 1, 0], [2, 3, 2], [2, 3, 2]]


def test_draw_weights_first_row_is_the_sample_and_draws_keep_its_size():
    weights = draw_weights(blocks=5, draws=20, seed=1)

    assert weights[0].tolist() == [1.0] * 5
    assert weights.sum(axis=1).tolist() == [5.0] * 21
    assert weights.tolist() == draw_weights(5, 20, seed=1).tolist()


def test_interval_covers_95_percent_of_the_draws():
    assert interval(np.concatenate([[50.0], np.arange(101.0)])) == [2.5, 97.5]


@pytest.mark.parametrize("samples", [[np.nan, 1, 2], [1, np.nan, 2], [1]])
def test_interval_undefined_is_none(samples):
    assert interval(np.array(samples, float)) is None


def test_interval_of_a_mean_covers_the_truth():
    """Of 100 worlds whose blocks share a shock about 95 % of the intervals hold the true mean; drawing rows alone must fail."""
    generator = np.random.default_rng(1)

    def covered(block_size):
        shocks = np.repeat(generator.normal(size=40), 10)
        rows = shocks + generator.normal(size=400)
        sums = rows.reshape(-1, block_size).sum(axis=1)
        weights = draw_weights(len(sums), 200, seed=int(generator.integers(1 << 30)))
        low, high = interval(weights @ sums / 400)
        return low <= 0 <= high

    assert np.mean([covered(10) for _ in range(100)]) >= 0.88
    assert np.mean([covered(1) for _ in range(100)]) <= 0.75, "rows drawn one by one must be seen as too sure"


def test_score_differences_are_paired():
    generator = np.random.default_rng(1)
    rate = generator.gamma(1.0, 1.0, 400)
    outcomes = Outcomes(generator.poisson(rate).astype(float), np.repeat(np.arange(20), 20), np.arange(400) // 10, np.full(400, 0.6))
    models = {name: Predicted(rate * factor, 1 - np.exp(-rate * factor)) for name, factor in {"a": 1.0, "b": 1.05}.items()}

    card = score(outcomes, models, draw_weights(40, 100, seed=1))

    gap = card.differences["b"]["poisson_deviance"]
    assert card.models["a"]["poisson_deviance"] - card.models["b"]["poisson_deviance"] == gap["value"]
    low, high = card.models["a"]["ci95"]["poisson_deviance"]
    assert gap["ci95"][1] - gap["ci95"][0] < (high - low) / 4
    assert card.differences["b"]["auc"] == {"value": 0.0, "ci95": [0.0, 0.0]}


def test_score_without_escalations_is_null_with_a_reason():
    outcomes = Outcomes(np.zeros(4), np.zeros(4, int), np.zeros(4, int), np.full(4, 0.5))

    card = score(outcomes, {"a": Predicted(np.ones(4), np.full(4, 0.5))}, draw_weights(1, 20, seed=1))

    assert (card.models["a"]["auc"], card.models["a"]["ci95"]["auc"]) == (None, None)
    assert card.models["a"]["poisson_deviance"] == 2.0
    assert "hit@10%" in card.notes[0]
    assert "none of 4 rows saw an escalation" in card.notes[0]
