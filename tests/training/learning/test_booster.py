"""Trees boosted on a margin: what they learn from, and text that always comes out the same."""

import numpy as np
import pytest

from training.learning.booster import Columns, Rows, boost, contributions, growing_margins, margin, read_booster
from training.settings import ModelSettings

SETTINGS = ModelSettings(min_data_in_leaf=5, lambda_l2=0, learning_rate=0.5, num_leaves=2, feature_fraction=1, threads=1)
COLUMNS = Columns(("x",), (0,))
X = np.repeat([0.0, 1.0], 50)[:, None].astype(np.float32)
RISING = np.repeat([1.0, 3.0], 50)


def rows(counts: np.ndarray = RISING, **other) -> Rows:
    return Rows(X, counts, np.zeros(len(X)), **other)


def grown(counts: np.ndarray = RISING, rounds: int = 4, columns: Columns = COLUMNS, **other) -> np.ndarray:
    return margin(read_booster(boost(rows(counts, **other), columns, SETTINGS, rounds)), X)


def test_boost_learns_the_rates_of_two_groups() -> None:
    assert [1, 3] == pytest.approx(np.exp(grown(rounds=40)[[0, -1]]), rel=0.02)


def test_boost_again_is_the_same_text_and_a_refit_is_another() -> None:
    text = boost(rows(), COLUMNS, SETTINGS, 3)

    assert text == boost(rows(), COLUMNS, SETTINGS, 3)
    assert text != boost(rows(), COLUMNS, SETTINGS, 3, refit=1)


def test_boost_column_that_may_only_lower_does_not_raise() -> None:
    low, high = grown(columns=Columns(("x",), (-1,)))[[0, -1]]

    assert low == high


@pytest.mark.parametrize(("counts", "rounds"), [(np.zeros(100), 4), (RISING, 0)], ids=["nothing happened", "no rounds"])
def test_boost_of_nothing_says_nothing(counts: np.ndarray, rounds: int) -> None:
    assert 0.0 == np.abs(grown(counts, rounds)).max()


def test_boost_rows_weigh_as_many_as_they_stand_for() -> None:
    weights = np.where(np.arange(100) % 2, 3.0, 1.0)
    counts = np.where(np.arange(100) % 2, 2.0 * RISING, 0.0)

    assert [1.5, 4.5] == pytest.approx(np.exp(grown(counts, 40, weights=weights)[[0, -1]]), rel=0.02)


def test_boost_binary_learns_chances() -> None:
    happened = np.concatenate([np.arange(50) % 10 == 0, np.arange(50) % 2 == 0]).astype(np.float64)
    chances = 1 / (1 + np.exp(-grown(happened, 60, objective="binary")[[0, -1]]))

    assert [0.1, 0.5] == pytest.approx(chances, abs=0.02)


def test_growing_margins_end_with_that_of_all_trees() -> None:
    trees = read_booster(boost(rows(), COLUMNS, SETTINGS, 5))
    steps = list(growing_margins(trees, X, 2))

    assert 4 == len(steps)
    assert 0.0 == np.abs(steps[0]).max()
    assert margin(trees, X) == pytest.approx(steps[-1])
    assert steps[1][-1] < steps[2][-1] < steps[3][-1]


def test_contributions_and_base_value_add_up_to_the_margin() -> None:
    trees = read_booster(boost(rows(), COLUMNS, SETTINGS, 5))
    added = contributions(trees, X)

    assert (100, 2) == added.shape
    assert margin(trees, X) == pytest.approx(added.sum(axis=1))


def test_drawn_rows_are_those_drawn_once_or_more_weighted_by_how_often() -> None:
    given = Rows(X[:3], np.array([0.0, 1.0, 2.0]), np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 4.0]), "binary")
    drawn = given.drawn(np.array([2.0, 0.0, 3.0]))

    assert ([0, 2], [0.1, 0.3], [2, 12], "binary") == (
        drawn.counts.tolist(),
        drawn.offset.tolist(),
        drawn.weights.tolist(),
        drawn.objective,
    )


def test_drawn_rows_without_weights_weigh_as_often_as_they_were_drawn() -> None:
    assert [2, 3] == Rows(X[:3], np.arange(3.0), np.zeros(3)).drawn(np.array([2.0, 0.0, 3.0])).weights.tolist()
