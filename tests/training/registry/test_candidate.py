from io import BytesIO

import polars as pl
import pytest
from sklearn.metrics import mean_poisson_deviance

from features.errors import NotFoundError, UsageError
from tests.training.conftest import NOW, SMALL
from training.registry.candidate import IDENTICAL, PREDICTIONS, compare_versions
from training.registry.run_record import Run


def add_version(world, predictions):
    """Register a version that left these predictions, and nothing else."""
    content = BytesIO()
    predictions.write_parquet(content)
    return world.registry.show_model(world.registry.add(Run({}, {}, documents={PREDICTIONS: content.getvalue()}), NOW))


@pytest.fixture(scope="module")
def predictions(world):
    return world.second.result.predictions


@pytest.fixture(scope="module")
def first(world):
    return world.registry.show_model(world.first.version)


@pytest.fixture(scope="module")
def other(world, predictions):
    return add_version(world, predictions.with_columns(pl.col("expected_lightgbm") * 1.3))


def test_compare_versions_measures_both_on_their_stored_predictions(world, first, other):
    card = compare_versions(world.registry, first, other, SMALL.backtest)

    for model in (first, other):
        table = pl.read_parquet(BytesIO(world.registry.read_document(model, PREDICTIONS)))
        deviance = mean_poisson_deviance(table["count"].to_numpy(), table["expected_lightgbm"].to_numpy())
        assert card.models[f"version {model.version}"]["poisson_deviance"] == pytest.approx(deviance, rel=1e-9)
    difference = card.differences[f"version {other.version}"]["poisson_deviance"]
    low, high = difference["ci95"]
    assert low < difference["value"] < high


def test_compare_versions_of_equal_models_differ_in_nothing(world, first):
    second = world.registry.show_model(world.second.version)
    (difference,) = compare_versions(world.registry, first, second, SMALL.backtest).differences.values()

    assert difference["poisson_deviance"] == {"value": 0.0, "ci95": [0.0, 0.0]}


@pytest.mark.parametrize("column", IDENTICAL)
def test_compare_versions_on_other_folds_is_refused(world, first, predictions, column):
    moved = add_version(world, predictions.with_columns(pl.col(column).shift(1)))

    with pytest.raises(UsageError, match=f"identical folds, and 1 and {moved.version} differ in {column}[.]"):
        compare_versions(world.registry, first, moved, SMALL.backtest)


def test_compare_versions_with_fewer_rows_is_refused(world, first, predictions):
    shorter = add_version(world, predictions.head(24))

    with pytest.raises(UsageError, match="differ in their number of rows"):
        compare_versions(world.registry, first, shorter, SMALL.backtest)


def test_compare_versions_of_one_version_is_refused(world, first):
    with pytest.raises(UsageError, match="two versions must be named"):
        compare_versions(world.registry, first, first, SMALL.backtest)


def test_read_document_that_is_missing_says_so(world, first):
    with pytest.raises(NotFoundError, match=r"nothing\.parquet of version 1 must be in the registry"):
        world.registry.read_document(first, "report/nothing.parquet")
