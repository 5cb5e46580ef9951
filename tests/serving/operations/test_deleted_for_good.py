"""Bytes of what `prune` deleted are in no file of the home, its database and the backups any more."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from serving import audit
from serving.operations.jobs import Run, record_run
from serving.operations.prune import find_prunable, prune
from serving.rankings import ledger
from serving.settings import RetentionSettings
from tests.support.audit_entries import newest_entries
from tests.support.published_world import PUBLISHED_AT, World
from training.registry import purging
from training.registry.run_record import Run as Training
from training.registry.run_record import TrainingData
from training.registry.tracking import open_registry

pytestmark = [pytest.mark.full, pytest.mark.dialect("sqlite")]

NOW = PUBLISHED_AT + timedelta(days=1000)
RETENTION = RetentionSettings(backups_days=30, least_backups=1)


def marker(place: str) -> str:
    """Return a text that stands nowhere else."""
    return f"planted-{place}-{place[::-1]}"


PLACES = (*("report", "backup", "job", "model-file", "parameter", "tag", "account", "card", "document", "data-name", "profile", "metric"),)


def plant(world: World, backups: Path) -> None:
    """Leave something old and marked in every place that `prune` empties, and something younger without marks beside it."""
    folder = world.home.folder(world.home.quarantine)
    for days, text in ((1000, marker("report")), (1, "young")):
        (folder / f"{NOW - timedelta(days=days):%Y%m%dT%H%M%S%f}-cases.csv").write_text(text, encoding="utf-8")
    for days, text in ((900, marker("backup")), (1, "young")):
        (backups / f"b{days}").mkdir(parents=True)
        (backups / f"b{days}/manifest.json").write_text(json.dumps({"made_at": (NOW - timedelta(days=days)).isoformat(), "of": text}))
    record_run(world.engine, Run("backup", NOW - timedelta(days=900), 1.0, marker("job")))
    registry = open_registry(world.home, "escalation")
    profile = {marker("profile"): 1}
    marked = Training(
        {"model.txt": marker("model-file").encode()},
        {"model.txt": "0"},
        parameters={"seed": marker("parameter")},
        metrics={marker("metric"): 1.0},
        documents={"card.md": marker("document").encode()},
        tags={"verdict": marker("tag")},
        by=marker("account"),
        card=f"# {marker('card')}",
        training_data=TrainingData(marker("data-name"), "digest", 1, profile),
    )
    plain = Training({"model.txt": b"x"}, {})
    registry.add(plain, NOW - timedelta(days=950))  # carries the number of the published one
    registry.add(marked, NOW - timedelta(days=900))
    registry.add(plain, NOW - timedelta(days=1))


def found(*folders: Path) -> dict[str, list[str]]:
    """Return which places' marks stand in which files."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    contents = {str(path): path.read_bytes() + str(path).encode() for path in files}
    return {
        place: names for place in PLACES if (names := [name for name, content in contents.items() if marker(place).encode() in content])
    }


@pytest.fixture
def places(world: World, tmp_path: Path) -> tuple[Path, ...]:
    """The folders of a home with a list, in which something is marked that `prune` is to delete."""
    world.rank()
    plant(world, tmp_path / "backups")
    return world.home.root, world.home.checkpoints, tmp_path / "backups"


def prune_all(world: World, backups: Path) -> None:
    prune(world.home, world.engine, find_prunable(world.home, world.engine, RETENTION, NOW, backups), NOW)


def test_prune_leaves_no_byte_of_what_it_deleted_in_any_file(
    world: World, places: tuple[Path, ...], record_property: Callable[[str, object], None]
) -> None:
    before = found(*places)

    prune_all(world, places[-1])

    record_property("places in which something marked was deleted, and marks left", f"{len(before)}, {len(found(*places))}")
    assert set(PLACES) == before.keys()
    assert {} == found(*places)
    assert "records.prune" == newest_entries(world.engine, limit=1)[0].action
    assert ledger.verify(world.engine)
    assert audit.verify(world.engine)


def test_prune_that_leaves_rows_of_the_store_of_models_is_caught(
    world: World, places: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken variant removes what MLflow's own command does."""
    monkeypatch.setattr(purging, "_forget", lambda home: None)

    prune_all(world, places[-1])

    assert {"data-name", "profile", "tag"} <= found(*places).keys()
