import numpy as np
import polars as pl
import pytest

from tests.support.trained_worlds import HORIZON
from training.attribution import NOTICEABLE, REPLICATE_ROWS, ROWS, attribute, find, shapley_interactions, shapley_values
from training.learning.booster import Columns, Rows, boost, contributions, read_booster
from training.settings import ModelSettings


@pytest.fixture(scope="module")
def attribution(reported):
    return attribute(reported.fitted.parts[0], reported.panel, HORIZON, seed=1)


@pytest.fixture(scope="module")
def part(reported):
    return reported.fitted.parts[0]


def test_shapley_values_equal_pred_contrib(reported, part, attribution):
    own = contributions(read_booster(part.booster), attribution.matrix)[:, :-1]

    assert np.abs(own).max() > 0.01
    np.testing.assert_allclose(attribution.values, own, atol=1e-6)


def test_shapley_interactions_sum_to_the_values(reported, part, attribution):
    together = shapley_interactions(part.booster, attribution.matrix[:20])

    np.testing.assert_allclose(together.sum(axis=2), attribution.values[:20], atol=1e-6)


def test_shapley_values_model_without_trees_are_zero():
    generator = np.random.default_rng(1)
    rows = Rows(generator.random((300, 2)).astype(np.float32), generator.poisson(1, 300), np.zeros(300))
    text = boost(rows, Columns(("a", "b"), (0, 0)), ModelSettings(threads=1), rounds=0)

    assert not shapley_values(text, rows.matrix).any()
    assert not shapley_interactions(text, rows.matrix).any()


def test_attribute_same_seed_gives_the_same_rows(reported, part, attribution):
    again = attribute(part, reported.panel, HORIZON, seed=1)

    assert again.contributions.equals(attribution.contributions)
    assert not np.array_equal(attribute(part, reported.panel, HORIZON, seed=2).matrix, attribution.matrix, equal_nan=True)


def test_find_figures_equal_those_of_pred_contrib(reported, part, attribution):
    found = find(attribution)
    names = list(part.columns.names)
    boosters = [read_booster(text) for text in (part.booster, *part.replicates)]
    final, *others = (contributions(booster, attribution.matrix)[:, :-1] for booster in boosters)
    rows = slice(0, REPLICATE_ROWS)

    assert found["rows"] == len(attribution.matrix) == min(ROWS, reported.panel.values[0].size)
    assert found["replicates"] == len(others) == 3
    groups = {
        reason["name"]: [names.index(each.name) for each in attribution.features if each.reason == reason["name"]]
        for reason in found["reasons"]
    }
    groups_and_columns = [(item, groups[item["name"]]) for item in found["reasons"]] + [
        (item, [names.index(item["name"])]) for item in found["columns"]
    ]
    for item, members in groups_and_columns:
        own = final[:, members].sum(axis=1)
        noticed = np.abs(own[rows]) >= NOTICEABLE
        flips = [np.sign(other[rows, :][:, members].sum(axis=1)) != np.sign(own[rows]) for other in others]
        expected = np.mean([flip[noticed] for flip in flips]) if noticed.any() else None
        assert item["mean_size"] == pytest.approx(np.abs(own).mean(), abs=1e-9)
        assert item["sign_flips"] == (None if expected is None else pytest.approx(expected, abs=1e-12))
    strengths = np.sort(np.abs(final).mean(axis=0))[::-1]
    assert [column["mean_size"] for column in found["columns"]] == pytest.approx(strengths[: len(found["columns"])].tolist(), abs=1e-9)


def test_find_pair_is_the_strongest_interaction(reported, part, attribution):
    pair = find(attribution)["pair"]
    first, second = (list(part.columns.names).index(name) for name in pair["columns"])

    together = shapley_interactions(part.booster, attribution.matrix[:60])[:, first, second]

    assert pair["mean_size"] == pytest.approx(2 * np.abs(together).mean())
    assert pair["mean_size"] == attribution.pairs.max()


def test_find_replicate_of_the_other_sign_is_counted(attribution):
    names = [name for name in attribution.contributions.columns if name not in {"replicate", "row"}]
    turned = attribution.contributions.with_columns(
        [pl.when(pl.col("replicate") == 1).then(-pl.col(name)).otherwise(pl.col(name)) for name in names]
    )
    before, after = (
        find(type(attribution)(attribution.features, attribution.matrix, table, attribution.pairs))
        for table in (attribution.contributions, turned)
    )

    assert after["columns"][0]["sign_flips"] > before["columns"][0]["sign_flips"]
