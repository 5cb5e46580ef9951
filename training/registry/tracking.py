"""MLflow: runs, their files and the model registry, for analysts and for `promote`; serving never reads it.

Its records of files name whole paths, so they are rewritten where a home was moved, copied or restored.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion as StoredVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from features.errors import GateRefusedError, NotFoundError, StoreError
from features.storage.atomic_files import is_read_only
from features.storage.home import Home
from training.learning.model_rows import ModelColumns
from training.registry import mlflow_switches  # noqa: F401 - must come before MLflow
from training.registry.published import Publication, sha256
from training.registry.pyfunc_model import COLUMNS, FILES
from training.registry.run_record import FOLD_PREFIX, HASHES, HASHES_TAG, LONGEST_TAG, Run, describe, record

# isort: split


PREFIX = "yujing-"
"""Of the names of experiments and registered models; the target follows."""
CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.experiment.primaryMetric.name": "poisson_deviance",
    "mlflow.experiment.primaryMetric.greaterIsBetter": "false",
}
"""Let MLflow's pages open on runs of classic machine learning, not on those of language models."""

LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)
"""Table and column of every address of a file in MLflow's database."""
FORMER = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:///%/' || ? AND artifact_location <> ?"


def relocate(home: Home) -> int:
    """Let MLflow's database name the files of this home instead of those where it was before; return how many addresses changed.

    Raises:
        StoreError: the file is no database, or another program has it.
    """
    if not home.tracking.exists() or is_read_only(home.tracking):
        return 0
    try:
        with closing(sqlite3.connect(home.tracking, timeout=5)) as connection, connection:
            return _relocate(connection, home)
    except sqlite3.Error as error:
        advice = "Restore it from the backup, or move it away and train anew."
        raise StoreError(f"{home.tracking} must be MLflow's database, open to writing, found: {error}. {advice}") from error


def _relocate(connection: sqlite3.Connection, home: Home) -> int:
    here = home.artifacts.resolve().as_uri()
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
        return 0
    former = [row[0] for row in connection.execute(FORMER, (home.artifacts.name, here))]
    return sum(_replace(connection, place, here) for place in former)


def _replace(connection: sqlite3.Connection, former: str, here: str) -> int:
    changed = 0
    for table, column in LOCATIONS:
        present = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if column in present:
            statement = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?"  # noqa: S608 - names above
            changed += connection.execute(statement, (here, len(former) + 1, len(former), former)).rowcount
    return changed


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry."""

    version: int
    run_id: str
    source: str
    """Address of its files."""
    created_at: datetime
    aliases: tuple[str, ...]
    parameters: Mapping[str, str] = field(repr=False)
    metrics: Mapping[str, float] = field(repr=False)
    hashes_digest: str = field(repr=False)
    """SHA-256 of the table of its files' hashes."""


class Registry:
    """The runs and versions of one target in the MLflow store; experiment and registered model have the same name."""

    def __init__(self, client: MlflowClient, name: str, experiment_id: str) -> None:
        self._client = client
        self._name = name
        self._experiment_id = experiment_id

    def add(self, run: Run, at: datetime) -> int:
        """Log a run that began at `at`, register its model as a new version, call it the challenger and return its number."""
        kept = record(self._client, self._experiment_id, run, at)
        stored = self._client.create_model_version(
            self._name, kept.source, kept.run_id, tags=dict(run.tags), description=describe(run.card), model_id=kept.model_id
        )
        self._client.set_registered_model_alias(self._name, CHALLENGER, stored.version)
        self._client.update_run(kept.run_id, name=f"{run.name}-v{stored.version}")
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
            source=self._source(stored),
            created_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
            aliases=tuple(sorted(stored.aliases)),
            parameters=dict(run.data.params),
            metrics={name: value for name, value in run.data.metrics.items() if not name.startswith(FOLD_PREFIX)},
            hashes_digest=run.data.tags.get(HASHES_TAG, ""),
        )

    def read_hashes(self, model: ModelVersion) -> dict[str, str]:
        """Return the SHA-256 of each file of a version, as training recorded it.

        Raises:
            NotFoundError: the store no longer has the table.
            GateRefusedError: the table is not the one of which the run's record keeps the hash.
        """
        content = self.read_document(model, HASHES)
        if sha256(content) != model.hashes_digest:
            raise GateRefusedError(f"{HASHES} of version {model.version} must have the SHA-256 on the run's record. Train again.")
        hashes: dict[str, str] = json.loads(content)
        return hashes

    def read_file(self, model: ModelVersion, name: str) -> bytes:
        """Return the stored bytes of one file of a version; whether they are the right ones is for the caller to check.

        Raises:
            NotFoundError: the store no longer has it.
        """
        return self._read(model, f"{model.source}/artifacts/{FILES}/{name}")

    def read_columns(self, model: ModelVersion) -> ModelColumns:
        """Return which columns a version reads of a table of model rows.

        Raises:
            NotFoundError: the store no longer has the list of them.
        """
        return ModelColumns.from_json(self._read(model, f"{model.source}/artifacts/{COLUMNS}"))

    def read_document(self, model: ModelVersion, path: str) -> bytes:
        """Return one of the documents that training left beside a version.

        Raises:
            NotFoundError: the store no longer has it.
        """
        return self._read(model, f"{self._client.get_run(model.run_id).info.artifact_uri}/{path}")

    def _read(self, model: ModelVersion, address: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            try:
                return Path(download_artifacts(address, dst_path=folder, tracking_uri=self._client.tracking_uri)).read_bytes()
            except (MlflowException, OSError) as error:
                name = address.rpartition("/")[2]
                raise NotFoundError(f"{name} of version {model.version} must be in the registry, and is not. Train again.") from error

    def _source(self, stored: StoredVersion) -> str:
        """Return where the files of a version lie; an earlier yujing kept them with the run."""
        return str(self._client.get_logged_model(stored.model_id).artifact_location if stored.model_id else stored.source)

    def remove(self, model: ModelVersion) -> list[str]:
        """Take a version out of the registry, mark its run and trials as deleted, and return their ids for `purge`."""
        outputs = self._client.get_run(model.run_id).outputs
        self._client.delete_model_version(self._name, str(model.version))
        for logged in outputs.model_outputs if outputs else []:
            self._client.delete_logged_model(logged.model_id)
        trials = self._client.search_runs([self._experiment_id], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{model.run_id}'", max_results=1000)
        run_ids = [model.run_id, *(trial.info.run_id for trial in trials)]
        for run_id in run_ids:
            self._client.delete_run(run_id)
        return run_ids

    def mirror(self, champions: Sequence[Publication]) -> None:
        """Let aliases and tags say what was published, the present champion last, for those who look into MLflow.

        Raises:
            StoreError: MLflow does not let itself be told.
        """
        try:
            for alias, published in ((CHAMPION, champions[-1:]), (PREVIOUS, champions[-2:-1])):
                self._client.delete_registered_model_alias(self._name, alias)
                for publication in published:
                    version = str(publication.model_version)
                    self._client.set_registered_model_alias(self._name, alias, version)
                    for name, value in _publication_tags(publication).items():
                        self._client.set_model_version_tag(self._name, version, name, value[:LONGEST_TAG])
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
    name = f"{PREFIX}{target}"
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        local = home.artifacts.resolve().as_uri() if client.tracking_uri == home.tracking_url else None
        return Registry(client, name, client.create_experiment(name, artifact_location=local, tags=EXPERIMENT_TAGS))
    for tag, value in EXPERIMENT_TAGS.items() - experiment.tags.items():
        client.set_experiment_tag(experiment.experiment_id, tag, value)
    return Registry(client, name, experiment.experiment_id)


def _publication_tags(publication: Publication) -> dict[str, str]:
    return {
        "champion_from": publication.published_at.isoformat(timespec="minutes"),
        "published_by": publication.published_by,
        "reason": publication.reason,
        "gate_overruled": publication.override or "no",
    }


def stored_targets(home: Home) -> list[str]:
    """Return the targets that models were trained for; none where this home has no store of its own."""
    if not home.tracking.exists() or "MLFLOW_TRACKING_URI" in os.environ:
        return []
    client = MlflowClient(tracking_uri=home.tracking_url, registry_uri=home.tracking_url)
    return sorted(model.name.removeprefix(PREFIX) for model in client.search_registered_models() if model.name.startswith(PREFIX))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
