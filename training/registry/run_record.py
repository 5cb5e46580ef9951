"""MLflow's record of one training: a run with its trials, the data it saw, its figures, and the model as a logged model."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from training.registry import mlflow_switches  # noqa: F401 - must come before MLflow

# isort: split
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag
from mlflow.utils.mlflow_tags import (
    MLFLOW_DATASET_CONTEXT,
    MLFLOW_GIT_COMMIT,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
    MLFLOW_USER,
)

from training.learning.inner_validation import Tried
from training.registry.published import sha256
from training.registry.pyfunc_model import FILES, Interface, save

HASHES = "hashes.json"
HASHES_TAG = "hashes_sha256"
FOLD_PREFIX = "fold/"
"""Figures of single folds, by step: the number of the fold."""
LONGEST_NOTE, LONGEST_TAG = 5000, 4000
"""Characters that MLflow's tables hold on every database."""
MODEL_FOLDER = "model"


@dataclass(frozen=True)
class TrainingData:
    """Training data of a model."""

    name: str
    digest: str
    """At most 36 characters; other rows or figures have another."""
    sequence: int
    """Sequence number of the event log up to which it was read."""
    profile: Mapping[str, int | float | str]


@dataclass(frozen=True)
class Run:
    """Record of one training."""

    files: Mapping[str, bytes]
    """The model itself, by name: what `promote` may publish."""
    hashes: Mapping[str, str]
    """SHA-256 of each of those files; that of the table of hashes is kept in the run's record, and not beside the files."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    documents: Mapping[str, bytes] = field(default_factory=dict)
    """Card and plots, by path; never published."""
    fold_metrics: Sequence[Mapping[str, float]] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags to be seen at a glance, such as the verdict of the gate."""
    by: str = ""
    """Account that trained."""
    code_version: str = ""
    card: str = ""
    """Markdown; becomes the description."""
    training_data: TrainingData | None = None
    trials: Sequence[Tried] = ()
    interface: Interface | None = None
    """Pyfunc by which others call the model; without it MLflow cannot load it."""
    seconds: float = 0.0
    """Duration of the training."""

    @property
    def name(self) -> str:
        """Target and days ahead, such as `escalation-14d`."""
        days = self.parameters.get("horizon_days")
        return self.parameters.get("target", MODEL_FOLDER) + (f"-{days}d" if days else "")


@dataclass(frozen=True)
class Recorded:
    """Addresses of a run and its model."""

    run_id: str
    model_id: str
    source: str
    """Address of the model's files."""


def record(client: MlflowClient, experiment_id: str, run: Run, at: datetime) -> Recorded:
    """Write a run that began at `at`, its trials below it, and its model."""
    began = _millis(at)
    run_id = client.create_run(experiment_id, start_time=began, tags=_tags(run)).info.run_id
    parameters = [Param(name, value) for name, value in run.parameters.items()]
    model = client.create_logged_model(experiment_id, name=run.name, source_run_id=run_id, params=dict(run.parameters))
    inputs = [_dataset_input(run.training_data)] if run.training_data else []
    client.log_batch(run_id, _metrics(run, began, model.model_id), parameters)
    client.log_inputs(run_id, inputs)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    with tempfile.TemporaryDirectory() as folder:
        client.log_model_artifacts(model.model_id, str(_lay_out_model(Path(folder), run)))
    with tempfile.TemporaryDirectory() as folder:
        client.log_artifacts(run_id, str(_lay_out_documents(Path(folder), run)))
    client.finalize_logged_model(model.model_id, "READY")
    for trial in run.trials:
        _record_trial(client, experiment_id, run_id, trial)
    client.set_terminated(run_id, end_time=began + round(run.seconds * 1000))
    return Recorded(run_id, model.model_id, model.artifact_location)


def describe(card: str) -> str:
    r"""Return as many whole sections of a card as a description holds.

    >>> describe("# Card\n\n## A\n\nshort\n\n## B\n\n" + "long " * 1000)
    '# Card\n\n## A\n\nshort\n'
    """
    first, *rest = card.split("\n## ")
    text = first
    for section in rest:
        if len(longer := f"{text}\n## {section}") <= LONGEST_NOTE:
            text = longer
    return text[:LONGEST_NOTE]


def allowed_name(name: str) -> str:
    """Spell a metric without the signs MLflow refuses: `hit@5%` becomes `hit_at_5_percent`."""
    return name.replace("@", "_at_").replace("%", "_percent")


def hashes_file(hashes: Mapping[str, str]) -> bytes:
    """Return the table of hashes as a file."""
    return (json.dumps(dict(sorted(hashes.items())), indent=1) + "\n").encode()


def _tags(run: Run) -> dict[str, str]:
    own = {
        MLFLOW_SOURCE_NAME: "yujing train",
        MLFLOW_SOURCE_TYPE: "LOCAL",
        MLFLOW_USER: run.by,
        MLFLOW_GIT_COMMIT: run.code_version,
        MLFLOW_RUN_NOTE: describe(run.card),
        HASHES_TAG: sha256(hashes_file(run.hashes)),
    }
    return {name: value[:LONGEST_NOTE] for name, value in {**own, **run.tags}.items() if value}


def _metrics(run: Run, at: int, model_id: str) -> list[Metric]:
    data = run.training_data
    about = {"model_id": model_id, "dataset_name": data.name if data else None, "dataset_digest": data.digest if data else None}
    overall = [Metric(allowed_name(name), value, at, 0, **about) for name, value in run.metrics.items()]
    by_fold = [
        Metric(FOLD_PREFIX + allowed_name(name), value, at, fold)
        for fold, figures in enumerate(run.fold_metrics)
        for name, value in figures.items()
    ]
    return overall + by_fold


def _dataset_input(data: TrainingData) -> DatasetInput:
    source = json.dumps({"event_log": "yujing", "sequence": data.sequence})
    dataset = Dataset(data.name, data.digest, "code", source, profile=json.dumps(dict(data.profile), ensure_ascii=False))
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, "training")])


def _record_trial(client: MlflowClient, experiment_id: str, parent: str, trial: Tried) -> None:
    began, ended = _millis(trial.began), _millis(trial.ended)
    tags = {MLFLOW_PARENT_RUN_ID: parent, MLFLOW_SOURCE_NAME: "yujing train --search", MLFLOW_SOURCE_TYPE: "LOCAL"}
    run_id = client.create_run(experiment_id, start_time=began, tags=tags, run_name=f"trial-{trial.number}").info.run_id
    metrics = [] if trial.deviance is None else [Metric("search_deviance", trial.deviance, ended, 0)]
    outcome = [RunTag("outcome", "finished" if trial.finished else "broken off")]
    client.log_batch(run_id, metrics, [Param(name, str(value)) for name, value in trial.parameters.items()], outcome)
    client.set_terminated(run_id, end_time=ended)


def _lay_out_model(folder: Path, run: Run) -> Path:
    """Write the model where MLflow loads it from; without an interface its files alone."""
    model = folder / MODEL_FOLDER
    if run.interface:
        save(model, run.files, run.interface)
    else:
        _write(model / "artifacts" / FILES, run.files)
    return model


def _lay_out_documents(folder: Path, run: Run) -> Path:
    return _write(folder, {HASHES: hashes_file(run.hashes), **run.documents})


def _write(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
