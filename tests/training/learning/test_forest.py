"""Forests add up what LightGBM predicts, to the last bit."""

import lightgbm as lgb
import numpy as np
import pytest

from training.learning.booster import Columns, Rows, boost, margin, read_booster
from training.learning.forest import BLOCK_ROWS, Forest
from training.settings import ModelSettings

NAMES = tuple("abcdef")


def columns():
    """Return rows with missing, zero, negative and endless values, more than go through a tree together."""
    random = np.random.default_rng(3)
    matrix = random.normal(size=(2 * BLOCK_ROWS + 77, len(NAMES))).astype(np.float32)
    matrix[:, 1] = random.poisson(1, len(matrix))
    matrix[random.random(len(matrix)) < 0.2, 2] = np.nan
    matrix[random.random(len(matrix)) < 0.5, 3] = 0
    matrix[:2, 4] = np.inf, -np.inf
    return matrix


def fit(matrix, rounds, refit=0, leaves=6):
    level = matrix[:, 0] + matrix[:, 1] + np.isnan(matrix[:, 2]) + 2 * (matrix[:, 3] > 0.3)
    counts = np.random.default_rng(refit).poisson(np.exp(np.clip(level, -2, 2))).astype(np.float64)
    settings = ModelSettings(min_data_in_leaf=20, num_leaves=leaves)
    return boost(Rows(matrix, counts, np.zeros(len(matrix))), Columns(NAMES, (0,) * len(NAMES)), settings, rounds, refit)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_margins_are_those_of_lightgbm_bit_for_bit(threads):
    matrix = columns()
    boosters = [fit(matrix, 30), fit(matrix, 0), fit(matrix, 25, refit=1, leaves=40), fit(matrix, 1, refit=2, leaves=2)]
    unseen = matrix[::-1].copy()
    unseen[5:50] = np.nan

    for rows in (matrix, unseen, unseen[:1], unseen[:0]):
        expected = [margin(read_booster(text), rows).tolist() for text in boosters] if len(rows) else [[]] * len(boosters)

        assert Forest.read(boosters).margins(rows, threads).tolist() == expected


def test_margins_without_boosters_are_none():
    assert Forest.read([]).margins(columns()).shape == (0, 2 * BLOCK_ROWS + 77)


def test_threshold_between_two_floats_sends_both_where_lightgbm_does():
    low, high = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1))
    matrix = np.repeat([low, high], 200)[:, None].astype(np.float32)
    rows = Rows(matrix, np.repeat([0.0, 3.0], 200), np.zeros(400))
    text = boost(rows, Columns(("a",), (0,)), ModelSettings(min_data_in_leaf=20), 3)

    assert Forest.read([text]).margins(matrix)[0].tolist() == margin(read_booster(text), matrix).tolist()


def test_trees_over_categories_are_refused():
    codes = np.arange(400.0)[:, None] % 5
    dataset = lgb.Dataset(codes, (codes[:, 0] > 2) * 1.0, categorical_feature=[0], params={"verbosity": -1, "min_data_per_group": 5})
    text = lgb.train({"verbosity": -1, "num_threads": 1}, dataset, 2).model_to_string()

    with pytest.raises(ValueError, match="trees must compare numbers"):
        Forest.read([text])


@pytest.mark.parametrize(("name", "value"), [("left_child", "-99"), ("right_child", "99"), ("right_child", "0"), ("leaf_value", "")])
def test_trees_that_lead_out_of_themselves_are_refused(name, value):
    text = fit(columns(), 3)
    line = next(line for line in text.splitlines() if line.startswith(f"{name}="))
    damaged = text.replace(line, " ".join([f"{name}={value}", *line.partition("=")[2].split()[1:]]), 1)

    with pytest.raises(ValueError, match="a later node or a leaf of its own tree"):
        Forest.read([damaged])


def test_trees_that_read_more_columns_than_there_are_are_refused():
    with pytest.raises(ValueError, match="trees must read columns 0 to 0"):
        Forest.read([fit(columns(), 3)]).margins(columns()[:, :1])
