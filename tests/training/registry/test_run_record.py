"""The record of a training, as MLflow shows it."""

from datetime import UTC, datetime, timedelta

import pytest
from mlflow import MlflowClient

from features.storage.home import Home
from tests.training.conftest import NOW
from training.learning.inner_validation import Tried
from training.registry.run_record import Run
from training.registry.tracking import open_registry


@pytest.fixture(scope="module")
def client(world):
    return MlflowClient(world.home.tracking_url, world.home.tracking_url)


@pytest.fixture(scope="module")
def run(world, client):
    return client.get_run(world.registry.show_model(world.second.version).run_id)


def test_experiment_is_one_of_classic_machine_learning(client):
    assert "custom_model_development" == client.get_experiment_by_name("yujing-escalation").tags["mlflow.experimentKind"]


def test_run_has_name_source_duration_and_the_card_as_description(world, run):
    assert f"escalation-14d-v{world.second.version}" == run.info.run_name
    assert "yujing train" == run.data.tags["mlflow.source.name"]
    assert run.data.tags["mlflow.user"]
    assert run.info.end_time > run.info.start_time
    assert run.data.tags["mlflow.note.content"].startswith("# Model card 模型卡 escalation")


def test_run_says_target_and_gate_in_words_and_keeps_hashes_in_one_file(world, run):
    readable = {name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.")}

    assert {"target", "horizon_days", "gate", "hashes_sha256"} == set(readable)
    assert "; ".join(world.second.objections) == readable["gate"]


def test_run_names_its_data(run):
    (given,) = run.inputs.dataset_inputs

    assert "panel-escalation" == given.dataset.name
    assert 16 == len(given.dataset.digest)
    assert ["training"] == [tag.value for tag in given.tags]


def test_run_has_a_figure_per_fold_by_step(client, run, world):
    history = client.get_metric_history(run.info.run_id, "fold/poisson_deviance")

    assert list(range(world.second.result.predictions["fold"].n_unique())) == [point.step for point in history]
    assert run.data.metrics["poisson_deviance"] == pytest.approx(history[0].value)  # one fold is the whole


def test_same_data_has_the_same_digest(client, world):
    runs = [client.get_run(world.registry.show_model(trained.version).run_id) for trained in (world.first, world.second)]

    assert 1 == len({run.inputs.dataset_inputs[0].dataset.digest for run in runs})


def test_version_is_a_logged_model_with_its_metrics(client, run):
    (output,) = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)

    assert "READY" == model.status
    assert "poisson_deviance" in {metric.key for metric in model.metrics}


def test_version_says_who_published_it_and_why(client, world):
    tags = client.get_model_version("yujing-escalation", str(world.first.version)).tags

    assert "li" == tags["published_by"]
    assert tags["reason"] in {"first", "trial"}  # other tests publish it again
    assert tags["gate_overruled"]


def test_trials_of_a_search_lie_below_their_run(tmp_path):
    registry = open_registry(Home(tmp_path), "escalation")
    later = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    trials = [Tried(0, {"num_leaves": 6}, 0.17, True, NOW, later), Tried(1, {"num_leaves": 9}, None, False, NOW, later)]

    version = registry.show_model(registry.add(Run({}, {}, trials=trials, seconds=61.5), NOW))

    client = MlflowClient(Home(tmp_path).tracking_url)
    experiment = client.get_experiment_by_name("yujing-escalation").experiment_id
    children = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{version.run_id}'", order_by=["attributes.run_name"])
    assert [("trial-0", "finished", {"num_leaves": "6"}), ("trial-1", "broken off", {"num_leaves": "9"})] == [
        (child.info.run_name, child.data.tags["outcome"], child.data.params) for child in children
    ]
    assert [{"search_deviance": 0.17}, {}] == [child.data.metrics for child in children]
    parent = client.get_run(version.run_id).info
    assert 61500 == parent.end_time - parent.start_time
    assert timedelta(minutes=5).total_seconds() * 1000 == children[0].info.end_time - children[0].info.start_time
