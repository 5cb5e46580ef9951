import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from serving.cli.main import app
from serving.operations.jobs import Run, job_states, record_run
from serving.operations.prune import find_prunable, prune
from serving.scoring.daily_run import reproduce
from serving.settings import RetentionSettings
from tests.support.audit_entries import newest_entries
from tests.support.published_world import PUBLISHED_AT
from training.registry.run_record import Run as Training
from training.registry.tracking import open_registry

NOW = PUBLISHED_AT + timedelta(days=1000)
KEPT = RetentionSettings(backups_days=30, least_backups=2)


def leave_reports(world, *days_ago: int) -> list[str]:
    """Write quarantine reports as ingest names them."""
    folder = world.home.folder(world.home.quarantine)
    names = [f"{NOW - timedelta(days=days):%Y%m%dT%H%M%S%f}-cases.csv" for days in days_ago]
    for name in [*names, "notes.txt"]:
        (folder / name).write_text("row,field,code\n", encoding="utf-8")
    return names


def leave_backups(folder, *days_ago: int) -> None:
    for days in days_ago:
        (folder / f"backup-{days}").mkdir(parents=True)
        made_at = (NOW - timedelta(days=days)).isoformat()
        (folder / f"backup-{days}/manifest.json").write_text(json.dumps({"made_at": made_at}), encoding="utf-8")
    (folder / "photographs").mkdir()


def train_at(world, *days_ago: int) -> list[int]:
    """Register models without any real file, the oldest first."""
    registry = open_registry(world.home, "escalation")
    training = Training({"model.txt": b"x"}, {})
    return [registry.add(training, NOW - timedelta(days=days)) for days in days_ago]


@pytest.mark.dialect("sqlite")
def test_prune_lists_what_is_old_and_removes_it_only_then(world, tmp_path):
    old, _ = leave_reports(world, 181, 179)
    leave_backups(tmp_path / "backups", 1, 31, 40, 50)
    record_run(world.engine, Run("backup", NOW - timedelta(days=401), 1.0))
    record_run(world.engine, Run("rank", NOW - timedelta(days=1), 1.0))

    prunable = find_prunable(world.home, world.engine, KEPT, NOW, tmp_path / "backups")

    assert [path.name for path in prunable.quarantine] == [old]
    assert [path.name for path in prunable.backups] == ["backup-40", "backup-50"]
    assert prunable.job_runs == 1
    prune(world.home, world.engine, prunable, NOW)
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == ["backup-1", "backup-31", "photographs"]
    assert not (world.home.quarantine / old).exists()
    assert (world.home.quarantine / "notes.txt").exists()
    assert job_states(world.engine).keys() == {"rank"}
    assert newest_entries(world.engine, limit=1)[0].action == "records.prune"
    assert list(find_prunable(world.home, world.engine, KEPT, NOW, tmp_path / "backups")) == []


@pytest.mark.dialect("sqlite")
def test_prune_keeps_models_that_were_published_named_or_newest(world):
    """Version 1 was published: the world's champion has that number."""
    published, forgotten, young, aliased = train_at(world, 300, 300, 100, 300)

    prunable = find_prunable(world.home, world.engine, KEPT, NOW)
    prune(world.home, world.engine, prunable, NOW)

    assert [model.version for _, model in prunable.runs] == [forgotten]
    (_, gone), registry = prunable.runs[0], open_registry(world.home, "escalation")
    assert [model.version for model in registry.list_models()] == [aliased, young, published]
    assert [folder for folder in world.home.artifacts.iterdir() if folder.name == gone.run_id] == []
    assert len([folder for folder in world.home.artifacts.iterdir() if folder.name != "models"]) == 3
    assert len(list((world.home.artifacts / "models").iterdir())) == 3


def test_newest_backups_stay_however_old_they_are(tmp_path, world):
    leave_backups(tmp_path / "backups", 100, 200)

    kept = find_prunable(world.home, world.engine, replace_least(2), NOW, tmp_path / "backups").backups
    fewer = find_prunable(world.home, world.engine, replace_least(1), NOW, tmp_path / "backups").backups

    assert ([], ["backup-200"]) == (kept, [path.name for path in fewer])


def replace_least(number: int) -> RetentionSettings:
    return KEPT.model_copy(update={"least_backups": number})


@pytest.mark.dialect("sqlite")
def test_prune_command_removes_nothing_without_yes(world):
    old = world.home.folder(world.home.quarantine) / "20200101T000000000000-cases.csv"
    old.write_text("row,field,code\n", encoding="utf-8")
    command = ["prune", "--home", str(world.home.root)]

    dry = CliRunner().invoke(app, command)

    assert (dry.exit_code, old.exists()) == (0, True)
    assert old.name in dry.output
    assert "add --yes" in dry.output
    assert CliRunner().invoke(app, [*command, "--yes"]).exit_code == 0
    assert not old.exists()


@pytest.mark.dialect("sqlite")
def test_archive_command_moves_lists_that_verify_and_reproduce_still_read(world, monkeypatch):
    """The first of two lists leaves the database, and comes out the same again."""
    monkeypatch.setattr("serving.rankings.archive.KEPT_LISTS", 1)
    first = world.rank()
    world.rank(first.origin.as_of + timedelta(days=1), PUBLISHED_AT + timedelta(days=1))
    home = ["--home", str(world.home.root)]

    moved = CliRunner().invoke(app, ["archive", "--before", "2026-01-10", "--compact", *home])

    assert (moved.exit_code, moved.output.count("SHA-256")) == (0, 1), moved.output
    reproduce(world.home, world.engine, world.settings, first)
    assert CliRunner().invoke(app, ["ledger", "verify", *home]).exit_code == 0
    assert "No list before" in CliRunner().invoke(app, ["archive", *home]).output
