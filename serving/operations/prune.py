"""Pruning: what the settings under `retention` say may go, listed first and removed when that is confirmed.

Models that were ever published stay, for their lists are computed again with them. Cases, lists, alerts and the audit trail stay too.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, delete, func, select

from features.database.engine import reading, writing
from features.database.tables import job_run
from features.storage.home import Home
from serving import audit
from serving.operations.backup import MANIFEST
from serving.settings import RetentionSettings
from training.registry.published import history
from training.registry.purging import purge
from training.registry.tracking import ModelVersion, open_registry, stored_targets

ACTION = "records.prune"


@dataclass(frozen=True)
class Prunable:
    """Everything that may go."""

    quarantine: Sequence[Path]
    runs: Sequence[tuple[str, ModelVersion]]
    """With their targets."""
    backups: Sequence[Path]
    job_runs: int
    """Number of records."""
    before: datetime
    """Moment before which they began."""

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        """Yield kind, name and size in bytes; records of job runs are one line."""
        yield from (("quarantine report", path.name, path.stat().st_size) for path in self.quarantine)
        yield from (("model", f"version {model.version} of {target}", 0) for target, model in self.runs)
        yield from (("backup", str(path), _size(path)) for path in self.backups)
        if self.job_runs:
            yield "job runs", f"{self.job_runs} before {self.before:%Y-%m-%d}", 0


def find_prunable(home: Home, engine: Engine, retention: RetentionSettings, now: datetime, backups: Path | None = None) -> Prunable:
    """Return what is older than the settings keep it; `backups` is the folder that backups lie in.

    Raises:
        StoreError: the database or the MLflow store cannot be read.
    """

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    before = ago(retention.job_runs_days)
    with reading(engine) as connection:
        old_runs = connection.execute(select(func.count()).where(job_run.c.started_at < before)).scalar_one()
    return Prunable(
        quarantine=_old_reports(home.quarantine, ago(retention.quarantine_days)),
        runs=list(_old_models(home, engine, ago(retention.runs_days))),
        backups=_old_backups(backups, ago(retention.backups_days), retention.least_backups) if backups else [],
        job_runs=old_runs,
        before=before,
    )


def prune(home: Home, engine: Engine, prunable: Prunable, now: datetime) -> None:
    """Remove what was listed, and keep in the audit trail how much of what.

    Raises:
        StoreError: something could not be removed; what was removed before stays so.
    """
    for path in prunable.quarantine:
        path.unlink(missing_ok=True)
    for folder in prunable.backups:
        shutil.rmtree(folder)
    run_ids = [run_id for target, model in prunable.runs for run_id in open_registry(home, target).remove(model)]
    if run_ids:
        purge(home, run_ids)
    counts = {"quarantine": len(prunable.quarantine), "models": len(prunable.runs), "backups": len(prunable.backups)}
    with writing(engine) as connection:
        connection.execute(delete(job_run).where(job_run.c.started_at < prunable.before))
        audit.record(connection, audit.OPERATOR, ACTION, "home", counts | {"job_runs": prunable.job_runs}, now)


def _old_reports(folder: Path, before: datetime) -> list[Path]:
    """Return the reports whose names, which begin with their moment, are older."""
    return sorted(path for path in folder.glob("2*T*-*") if path.is_file() and path.name < f"{before:%Y%m%dT%H%M%S}")


def _old_models(home: Home, engine: Engine, before: datetime) -> Iterator[tuple[str, ModelVersion]]:
    """Yield models without an alias that were never published, but for the newest of each target."""
    for target in stored_targets(home):
        published = {str(publication.model_version) for publication in history(engine, target)}
        for model in open_registry(home, target).list_models()[1:]:
            if model.created_at < before and not model.aliases and str(model.version) not in published:
                yield target, model


def _old_backups(folder: Path, before: datetime, least: int) -> list[Path]:
    """Return the whole backups of a folder that are older, but for the newest."""
    made_at = {path.parent: datetime.fromisoformat(json.loads(path.read_bytes())["made_at"]) for path in folder.glob(f"*/{MANIFEST}")}
    newest_first = sorted(made_at, key=lambda backup: made_at[backup], reverse=True)
    return [backup for backup in newest_first[least:] if made_at[backup] < before]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
