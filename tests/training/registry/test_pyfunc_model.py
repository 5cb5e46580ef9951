"""The registered model as MLflow's users load it: the product's own figures, through MLflow's own functions."""

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.errors import UsageError
from features.panel.build import build_panel
from tests.training.conftest import SMALL
from training.learning.folds import Gap, ripe_as_ofs
from training.learning.model import Fitted
from training.learning.model_rows import ModelColumns, to_panel, to_rows


@pytest.fixture
def store(world, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", world.home.tracking_url)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(world.home.tracking_url)
    yield world
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def panel(world):
    return build_panel(world.facts, ripe_as_ofs(world.facts, Gap(14, 0), SMALL.backtest), 14, SMALL)


@pytest.fixture(scope="module")
def columns(world):
    return world.registry.read_columns(world.registry.show_model(world.second.version))


@pytest.fixture(scope="module")
def rows(panel, columns):
    return columns.choose(to_rows(panel))


def fitted_by(world):
    model = world.registry.show_model(world.second.version)
    return Fitted.from_files({name: world.registry.read_file(model, name) for name in world.registry.read_hashes(model)})


def load(world):
    return mlflow.pyfunc.load_model(f"models:/yujing-escalation/{world.second.version}")


def of_rows(values):
    """Return (T, G) values in the order of model rows."""
    return values.T.ravel().tolist()


def test_loaded_model_says_what_the_product_says_to_the_last_bit(store, panel, rows):
    own = fitted_by(store).predict(panel)

    said = load(store).predict(rows)

    assert of_rows(own.expected) == said["expected"].tolist()
    assert of_rows(own.risk) == said["risk"].tolist()
    assert {f"expected_{part}": of_rows(values) for part, values in own.parts.items()} == {
        name: said[name].tolist() for name in said if name.startswith("expected_")
    }
    assert rows.index.equals(said.index)


def test_loaded_model_with_refits_gives_a_range(store, rows):
    said = load(store).predict(rows, params={"refits": True})

    assert (said["expected_low"] <= said["expected_high"]).all()


def test_rows_in_another_order_are_judged_alike(store, rows):
    model, mixed = load(store), rows.sample(frac=1, random_state=1)

    assert model.predict(rows)["expected"].loc[mixed.index].tolist() == model.predict(mixed)["expected"].tolist()


def test_loaded_model_takes_its_own_example(store):
    model = load(store)

    assert len(model.predict(model.input_example)) == 3
    assert {"expected", "risk", "usual_level"} <= set(model.metadata.get_output_schema().input_names())


def test_loaded_model_asks_for_every_column(store, rows):
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs"):
        load(store).predict(rows.drop(columns="history_days"))


def test_to_panel_without_a_column_names_it(rows, columns):
    with pytest.raises(UsageError, match="open_cases are missing"):
        to_panel(rows.drop(columns="open_cases"), columns)


def test_to_panel_of_rows_read_from_json_is_the_same(rows, columns):
    """A server gets lists without numbers as null."""
    sent = rows.assign(open_cases=[[{**case, "days_left": None} for case in cases] for cases in rows["open_cases"]])
    place = [column.name for column in columns.open_cases].index("days_left")

    assert np.isnan(to_panel(sent, columns).open_cases.values[place]).all()


def test_columns_read_back_are_the_same(columns):
    assert columns == ModelColumns.from_json(columns.to_json())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # how MLflow 3.17 calls pandas
def test_mlflow_evaluates_the_model(store, rows):
    judged = mlflow.models.evaluate(
        f"models:/yujing-escalation/{store.second.version}",
        rows.head(40).assign(label=np.arange(40.0)),
        targets="label",
        model_type="regressor",
        predictions="expected",
        evaluators="default",
        evaluator_config={"log_model_explainability": False},
    )

    said = load(store).predict(rows.head(40))["expected"]
    assert pytest.approx(float(np.abs(said.to_numpy() - np.arange(40.0)).mean())) == judged.metrics["mean_absolute_error"]


def test_evidence_that_a_changed_row_changes_the_figure(store, rows):
    """Equality above means something only if the rows matter."""
    model = load(store)
    busier = rows.assign(**{name: rows[name] + np.float32(5) for name in rows if name.startswith("target_count_grid")})
    busier = busier.assign(**{name: rows[name] * np.float32(3) for name in rows if name == "usual_rate_grid"})

    assert not pd.Series(model.predict(rows)["expected"]).equals(model.predict(busier)["expected"])
