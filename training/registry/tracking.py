"""MLflow: runs, their files and the model registry, for analysts and for `promote`; serving never reads it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

from features.errors import NotFoundError, StoreError
from features.storage.home import Home
from training.registry.published import BOOSTER
from training.registry.relocation import relocate

# MLflow reads its telemetry switch while it is imported, and may unpickle unless it is told not to.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities.model_registry import ModelVersion as StoredVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
MODEL_FOLDER = "model"
PREFIX = "yujing-"
"""Of the names of experiments and registered models; the target follows."""
PURGE_SECONDS = 600
HASH_TAG = "sha256."


@dataclass(frozen=True)
class Run:
    """What one training leaves behind."""

    files: Mapping[str, bytes]
    """The model itself, by name: what `promote` may publish."""
    hashes: Mapping[str, str]
    """SHA-256 of each of those files, kept in the run's record and not beside the files."""
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    documents: Mapping[str, bytes]
    """Card and plots, by path; never published."""


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry."""

    version: int
    run_id: str
    created_at: datetime
    aliases: tuple[str, ...]
    parameters: Mapping[str, str] = field(repr=False)
    metrics: Mapping[str, float] = field(repr=False)
    hashes: Mapping[str, str] = field(repr=False)


class Registry:
    """The runs and versions of one target in the MLflow store; experiment and registered model have the same name."""

    def __init__(self, client: MlflowClient, name: str, experiment_id: str) -> None:
        self._client = client
        self._name = name
        self._experiment_id = experiment_id

    def add(self, run: Run, at: datetime) -> int:
        """Log a run, register its files as a new model version, call it the challenger and return its number."""
        millis = int(at.timestamp() * 1000)
        run_id = self._client.create_run(self._experiment_id, start_time=millis).info.run_id
        tags = [RunTag(HASH_TAG + name, digest) for name, digest in run.hashes.items()]
        metrics = [Metric(_allowed(name), value, millis, 0) for name, value in run.metrics.items()]
        self._client.log_batch(run_id, metrics, [Param(name, value) for name, value in run.parameters.items()], tags)
        with tempfile.TemporaryDirectory() as folder:
            _write_files(Path(folder), run)
            self._client.log_artifacts(run_id, folder)
        self._client.set_terminated(run_id, end_time=millis)
        stored = self._client.create_model_version(self._name, f"runs:/{run_id}/{MODEL_FOLDER}", run_id)
        self._client.set_registered_model_alias(self._name, CHALLENGER, stored.version)
        return int(stored.version)

    def list_models(self) -> list[ModelVersion]:
        """Return all versions, the newest first."""
        stored = self._client.search_model_versions(f"name = '{self._name}'")
        versions = [self.show_model(int(item.version)) for item in stored]
        return sorted(versions, key=lambda item: item.version, reverse=True)

    def show_model(self, which: int | str) -> ModelVersion:
        """Return one version by number or alias.

        Raises:
            NotFoundError: there is no such version or alias.
        """
        stored = self._find(which)
        run_id = str(stored.run_id)
        run = self._client.get_run(run_id)
        return ModelVersion(
            version=int(stored.version),
            run_id=run_id,
            created_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
            aliases=tuple(sorted(stored.aliases)),
            parameters=dict(run.data.params),
            metrics=dict(run.data.metrics),
            hashes={name.removeprefix(HASH_TAG): value for name, value in run.data.tags.items() if name.startswith(HASH_TAG)},
        )

    def read_file(self, model: ModelVersion, name: str) -> bytes:
        """Return the stored bytes of one file of a version; whether they are the right ones is for the caller to check.

        Raises:
            NotFoundError: the store no longer has it.
        """
        return self.read_document(model, f"{MODEL_FOLDER}/{name}")

    def read_document(self, model: ModelVersion, path: str) -> bytes:
        """Return one of the documents that training left beside a version.

        Raises:
            NotFoundError: the store no longer has it.
        """
        with tempfile.TemporaryDirectory() as folder:
            try:
                return Path(self._client.download_artifacts(model.run_id, path, folder)).read_bytes()
            except (MlflowException, OSError) as error:
                name = path.rpartition("/")[2]
                raise NotFoundError(f"{name} of version {model.version} must be in the registry, and is not. Train again.") from error

    def remove(self, model: ModelVersion) -> None:
        """Take a version out of the registry and mark its run as deleted; `purge` removes its files."""
        self._client.delete_model_version(self._name, str(model.version))
        self._client.delete_run(model.run_id)

    def mirror(self, champions: Sequence[int]) -> None:
        """Let the aliases say what was published, the present champion last, for those who look into MLflow.

        Raises:
            StoreError: MLflow does not let itself be told.
        """
        try:
            for alias, published in ((CHAMPION, champions[-1:]), (PREVIOUS, champions[-2:-1])):
                self._client.delete_registered_model_alias(self._name, alias)
                for version in published:
                    self._client.set_registered_model_alias(self._name, alias, str(version))
        except MlflowException as error:
            raise StoreError(f"MLflow's aliases must follow what is published, and do not yet: {_first_line(error)}.") from error

    def _find(self, which: int | str) -> StoredVersion:
        try:
            if str(which).isdecimal():
                return self._client.get_model_version(self._name, str(which))
            return self._client.get_model_version_by_alias(self._name, str(which))
        except MlflowException as error:
            raise NotFoundError(f"{which!r} must be a version or alias of {self._name}, found none. See `yujing models list`.") from error


def open_registry(home: Home, target: str) -> Registry:
    """Open the models of one target in the MLflow store of a home, or in the one that MLFLOW_TRACKING_URI names.

    The store's database is made at first use, which takes some seconds.

    Raises:
        StoreError: the store cannot be opened.
    """
    home.folder(home.root)
    url = os.environ.get("MLFLOW_TRACKING_URI", home.tracking_url)
    if url == home.tracking_url:
        relocate(home)
    try:
        return _open(MlflowClient(tracking_uri=url, registry_uri=url), home, target)
    except MlflowException as error:
        raise StoreError(
            f"the MLflow store must let itself be opened, and does not: {_first_line(error)}. See MLFLOW_TRACKING_URI."
        ) from error


def _open(client: MlflowClient, home: Home, target: str) -> Registry:
    name = PREFIX + target
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    experiment = client.get_experiment_by_name(name)
    local = home.artifacts.resolve().as_uri() if client.tracking_uri == home.tracking_url else None
    return Registry(client, name, experiment.experiment_id if experiment else client.create_experiment(name, artifact_location=local))


def stored_targets(home: Home) -> list[str]:
    """Return the targets that models were trained for; none where this home has no store of its own."""
    if not home.tracking.exists() or "MLFLOW_TRACKING_URI" in os.environ:
        return []
    client = MlflowClient(tracking_uri=home.tracking_url, registry_uri=home.tracking_url)
    return sorted(model.name.removeprefix(PREFIX) for model in client.search_registered_models() if model.name.startswith(PREFIX))


def purge(home: Home, run_ids: Sequence[str]) -> None:
    """Remove runs that are marked as deleted, with their files, by MLflow's own command.

    Raises:
        StoreError: it could not.
    """
    where = ["--backend-store-uri", home.tracking_url, "--tracking-uri", home.tracking_url]
    command = [sys.executable, "-m", "mlflow", "gc", *where, "--run-ids", ",".join(run_ids)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PURGE_SECONDS)  # noqa: S603 - ids out of the store
    if done.returncode:
        fault = (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]
        raise StoreError(f"MLflow must remove the runs that were marked as deleted, and did not: {fault}. Repeat `yujing prune`.")
    for run_id in run_ids:  # MLflow leaves the empty folder
        shutil.rmtree(home.artifacts / run_id, ignore_errors=True)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _allowed(name: str) -> str:
    """Spell a metric without the signs MLflow refuses: `hit@5%` becomes `hit_at_5_percent`."""
    return name.replace("@", "_at_").replace("%", "_percent")


def _write_files(folder: Path, run: Run) -> None:
    """Lay out the run's artifacts: the model folder, readable by MLflow's native LightGBM flavour, and the documents."""
    model = Model()
    model.add_flavor("lightgbm", data=BOOSTER, model_class="lightgbm.basic.Booster", lgb_version=installed_version("lightgbm"))
    files = {f"{MODEL_FOLDER}/{name}": content for name, content in run.files.items()}
    files |= {f"{MODEL_FOLDER}/MLmodel": model.to_yaml().encode(), **run.documents}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
