from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, mean_poisson_deviance, roc_auc_score

from training.evaluation import metrics
from training.evaluation.metrics import METRICS, Order, Outcomes, Predicted, flag, measure, places_of_share


@pytest.fixture
def rows():
    generator = np.random.default_rng(1)
    rate = generator.gamma(1.0, 0.3, 600)
    outcomes = Outcomes(
        counts=generator.poisson(rate).astype(float),
        as_of=np.repeat(np.arange(12), 50),
        block=np.tile(np.arange(6), 100),
        climatology=np.full(600, 0.25),
    )
    expected = np.round(rate, 1) + 0.05  # rounded, so that there are ties
    return outcomes, Predicted(expected, 1 - np.exp(-expected))


def measured(outcomes, predicted, weights=None):
    weights = np.ones((1, outcomes.block.max() + 1)) if weights is None else weights
    return {name: values[0] for name, values in measure(outcomes, predicted, weights).items()}


def test_measure_knows_exactly_the_published_metrics(rows):
    assert sorted(METRICS) == sorted(measured(*rows))


@pytest.mark.parametrize("drawn", [[1, 1, 1, 1, 1, 1], [0, 2, 1, 3, 0, 1]])
def test_measure_weighted_equals_scikit_learn(rows, drawn):
    outcomes, predicted = rows
    weight = np.array(drawn, float)[outcomes.block]
    positive = outcomes.positive

    own = measured(outcomes, predicted, np.array([drawn], float))

    assert roc_auc_score(positive, predicted.expected, sample_weight=weight) == pytest.approx(own["auc"], abs=1e-12)
    assert average_precision_score(positive, predicted.expected, sample_weight=weight) == pytest.approx(own["ap"], abs=1e-12)
    deviance = mean_poisson_deviance(outcomes.counts, predicted.expected, sample_weight=weight)
    assert deviance == pytest.approx(own["poisson_deviance"], abs=1e-12)
    brier, reference = (brier_score_loss(positive, risk, sample_weight=weight) for risk in (predicted.risk, outcomes.climatology))
    assert 1 - brier / reference == pytest.approx(own["brier_skill"], abs=1e-12)


def test_measure_leaves_blocks_without_a_row_out(rows):
    """Rows of a part of the district give what they give where no other block exists."""
    outcomes, predicted = rows
    few = replace(outcomes, block=3 * outcomes.block + 1)
    weights = np.random.default_rng(2).poisson(1, (5, 20)).astype(float)

    among_many = measure(few, predicted, weights)

    alone = measure(outcomes, predicted, weights[:, 1:19:3])
    assert {name: values.tolist() for name, values in alone.items()} == {name: values.tolist() for name, values in among_many.items()}


def test_measure_draw_equals_rows_repeated(rows):
    """A draw that takes a block twice is the metric of a table that holds its rows twice."""
    outcomes, predicted = rows
    drawn = np.array([2, 0, 1, 1, 0, 2])
    times = np.repeat(np.arange(600), drawn[outcomes.block])

    own = measured(outcomes, predicted, drawn[None].astype(float))
    weight = np.ones(len(times))
    repeated = roc_auc_score(outcomes.positive[times], predicted.expected[times], sample_weight=weight)

    assert repeated == pytest.approx(own["auc"], abs=1e-12)


def test_measure_by_hand():
    outcomes = Outcomes(
        counts=np.array([3.0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]),
        as_of=np.repeat([0, 1], 10),
        block=np.zeros(20, int),
        climatology=np.full(20, 0.15),
    )
    expected = np.linspace(1, 0.1, 10)
    own = measured(outcomes, Predicted(np.tile(expected, 2), np.full(20, 0.15)))

    # of each as_of one grid is flagged: three of six escalations, one of two flagged grids positive
    assert 3 / 6 == own["hit@1%"] == own["hit@5%"] == own["hit@10%"]
    assert own["pai@5%"] == (3 / 6) / (2 / 20)
    assert own["precision@10%"] == 1 / 2
    assert own["lift@10%"] == (1 / 2) / (3 / 20)
    assert pytest.approx(0, abs=1e-12) == own["brier_skill"]
    assert pytest.approx(0, abs=1e-12) == own["ece"]


def test_measure_equal_scores_earn_their_share_and_no_more(monkeypatch):
    """With all scores equal nothing is known: every hit rate is the share of the grids flagged."""
    outcomes = Outcomes(np.array([5.0, 0, 0, 0]), np.zeros(4, int), np.zeros(4, int), np.full(4, 0.5))
    same = Predicted(np.ones(4), np.full(4, 0.5))

    own = measured(outcomes, same)
    assert (own["hit@10%"], own["auc"], own["ap"]) == (0.25, 0.5, 0.25)

    monkeypatch.setattr(metrics, "flag_shares", lambda score, _, shares: (np.arange(len(score)) == 0 for _ in shares))
    assert measured(outcomes, same)["hit@10%"] == 1.0, "ties broken by row order must be seen"


@pytest.mark.parametrize("count", [0.0, 1.0])
def test_measure_without_contrast_is_not_estimated(count):
    outcomes = Outcomes(np.full(4, count), np.zeros(4, int), np.zeros(4, int), np.full(4, 0.5))

    own = measured(outcomes, Predicted(np.arange(1.0, 5.0), np.full(4, 0.5)))

    assert np.isnan(own["auc"])
    assert not np.isfinite(own["ap"]) or count == 1


def test_measure_no_rows_is_not_estimated():
    nothing = np.zeros(0)
    own = measured(Outcomes(nothing, nothing.astype(int), nothing.astype(int), nothing), Predicted(nothing, nothing), np.ones((1, 3)))

    assert not np.isfinite(list(own.values())).any()


def test_measure_more_draws_than_pass_at_once_equal_one_by_one():
    rng = np.random.default_rng(3)
    rows, blocks = 500, 30
    outcomes = Outcomes(rng.poisson(0.1, rows).astype(float), np.zeros(rows, int), rng.integers(0, blocks, rows), np.full(rows, 0.1))
    predicted = Predicted(np.round(rng.random(rows), 1) + 0.1, np.full(rows, 0.1))
    weights = rng.poisson(1, (metrics.DRAWS + 5, blocks)).astype(float)

    together = metrics.measure(outcomes, predicted, weights)

    for name in ("auc", "ap"):
        alone = [metrics.measure(outcomes, predicted, draw[None])[name][0] for draw in weights]
        assert together[name].tolist() == alone


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


def test_order_counts_places_of_each_as_of():
    score, as_of, happened = np.array([5.0, 4, 3, 9, 9, 9]), np.repeat([0, 1], 3), np.array([0.0, 0, 1, 0, 2, 1])

    order = Order.of(score, as_of, -happened)

    assert order.rows.tolist() == [0, 1, 2, 4, 5, 3]
    assert order.chance(np.array([1, 1])).tolist() == pytest.approx([1, 0, 0, 1 / 3, 1 / 3, 1 / 3])
    assert [flags.tolist() for flags in order.broken(np.array([1, 1]))] == [[1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1]]
    assert order.chance(np.array([5, 5])).tolist() == [1] * 6


def test_ties_broken_for_and_against_a_score_are_the_extremes_of_all_ways_to_break_them():
    generator = np.random.default_rng(1)
    score, counts, as_of = generator.integers(0, 3, 20).astype(float), generator.poisson(1, 20).astype(float), np.zeros(20, int)

    order = Order.of(score, as_of, -counts)
    best, worst = (counts[order.rows][listed].sum() for listed in order.broken(places_of_share(0.25, order.sizes)))
    ways = [flag(score + generator.uniform(0, 0.5, 20), as_of, 0.25) @ counts for _ in range(2000)]

    assert (worst, best) == (min(ways), max(ways))
    assert np.mean(ways) == pytest.approx(flag(score, as_of, 0.25) @ counts, abs=0.1)
