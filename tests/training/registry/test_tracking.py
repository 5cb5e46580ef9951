"""MLflow's store: addresses of files in a home that moved, versions that come and go, and aliases that follow the history."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from features.errors import GateRefusedError, NotFoundError, StoreError
from features.storage.home import Home
from tests.training.conftest import NOW, World
from training.learning.inner_validation import Tried
from training.registry.published import Kind, Publication
from training.registry.purging import purge
from training.registry.run_record import LONGEST_TAG, Run
from training.registry.tracking import Registry, open_registry, relocate, stored_targets


def make_store(home: Home, *locations: str) -> None:
    """Write the two tables of MLflow whose addresses matter here."""
    home.folder(home.root)
    with closing(sqlite3.connect(home.tracking)) as connection, connection:
        connection.execute("CREATE TABLE experiments (artifact_location TEXT)")
        connection.execute("CREATE TABLE runs (artifact_uri TEXT)")
        connection.executemany("INSERT INTO experiments VALUES (?)", [(location,) for location in locations])
        connection.executemany("INSERT INTO runs VALUES (?)", [(f"{location}/1/artifacts",) for location in locations])


def addresses(home: Home) -> list[str]:
    with closing(sqlite3.connect(home.tracking)) as connection:
        return [row[0] for row in connection.execute("SELECT artifact_uri FROM runs")]


def test_relocate_moved_home_names_its_own_files(tmp_path: Path) -> None:
    home = Home(tmp_path / "moved")
    make_store(home, "file:///srv/old/mlartifacts", "s3://bucket/mlartifacts")
    here = home.artifacts.as_uri()

    assert (relocate(home), relocate(home)) == (2, 0)
    assert addresses(home) == [f"{here}/1/artifacts", "s3://bucket/mlartifacts/1/artifacts"]


def test_relocate_home_without_store_makes_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    assert relocate(home) == 0
    assert not home.root.exists()


RUN = Run({"new.lgb": b"tree"}, {})


@pytest.fixture
def registry(world: World, request: pytest.FixtureRequest) -> Registry:
    """The models of a target of the test's own, beside those of the world."""
    return open_registry(world.home, request.node.name.partition("[")[0])


def publication(version: int, reason: str = "trial", override: str | None = None) -> Publication:
    return Publication("own", "h", version, Kind.PROMOTE, NOW + timedelta(days=version), "li", reason, override)


def aliases(registry: Registry) -> dict[int, tuple[str, ...]]:
    return {model.version: model.aliases for model in registry.list_models()}


def test_add_newest_version_is_the_challenger_and_comes_first(registry: Registry) -> None:
    added = [registry.add(RUN, NOW), registry.add(RUN, NOW - timedelta(days=1))]

    assert [1, 2] == added
    assert [(2, ("challenger",)), (1, ())] == list(aliases(registry).items())
    assert [NOW - timedelta(days=1), NOW] == [model.created_at for model in registry.list_models()]


def test_show_model_leaves_out_figures_of_single_folds(registry: Registry) -> None:
    registry.add(Run({}, {}, parameters={"trees": "10"}, metrics={"hit@5%": 0.5}, fold_metrics=[{"hit@5%": 0.4}]), NOW)
    model = registry.show_model("1")

    assert ({"trees": "10"}, {"hit_at_5_percent": 0.5}) == (model.parameters, model.metrics)


@pytest.mark.parametrize("which", [2, "2", "champion", ""])
def test_show_model_that_is_not_there_is_named(registry: Registry, which: int | str) -> None:
    with pytest.raises(NotFoundError, match=rf"^{which!r} must be a version or alias of yujing-test_show.*, found none\. See"):
        registry.show_model(which)


def test_read_hashes_of_a_version_without_a_hash_on_record_are_refused(registry: Registry) -> None:
    registry.add(Run({}, {}, tags={"hashes_sha256": "0" * 64}), NOW)

    with pytest.raises(GateRefusedError, match=r"hashes\.json of version 1 must have the SHA-256 on the run's record"):
        registry.read_hashes(registry.show_model(1))


def test_read_document_that_was_never_written_is_named(registry: Registry) -> None:
    registry.add(Run({}, {}, documents={"plots/reliability.txt": b"x"}), NOW)
    model = registry.show_model(1)

    assert b"x" == registry.read_document(model, "plots/reliability.txt")
    with pytest.raises(NotFoundError, match=r"^other\.txt of version 1 must be in the registry, and is not\. Train again\.$"):
        registry.read_document(model, "plots/other.txt")


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        ([], {1: (), 2: (), 3: ("challenger",)}),
        ([1], {1: ("champion",), 2: (), 3: ("challenger",)}),
        ([1, 2], {1: ("previous",), 2: ("champion",), 3: ("challenger",)}),
        ([1, 2, 3], {1: (), 2: ("previous",), 3: ("challenger", "champion")}),
        ([2, 3, 2], {1: (), 2: ("champion",), 3: ("challenger", "previous")}),
    ],
)
def test_mirror_names_the_last_two_of_the_history_and_no_others(
    three: Registry, standing: Sequence[int], expected: dict[int, tuple[str, ...]]
) -> None:
    """Whatever the aliases said before."""
    three.mirror([publication(3), publication(1)])
    three.mirror([publication(version) for version in standing])

    assert expected == aliases(three)


@pytest.fixture(scope="module")
def three(world: World) -> Registry:
    registry = open_registry(world.home, "three")
    for _ in range(3):
        registry.add(RUN, NOW)
    return registry


def tags_of(world: World, version: int) -> dict[str, str]:
    query = "SELECT key, value FROM model_version_tags WHERE name = 'yujing-three' AND version = ?"
    with closing(sqlite3.connect(world.home.tracking)) as connection:
        return dict(connection.execute(query, (version,)))


def test_mirror_tells_who_published_why_and_against_which_objections(world: World, three: Registry) -> None:
    three.mirror([publication(1), publication(2, "x" * (LONGEST_TAG + 1), "it is worse")])
    found = tags_of(world, 2)

    assert ("li", "it is worse", "2026-01-03T00:00+00:00") == (found["published_by"], found["gate_overruled"], found["champion_from"])
    assert LONGEST_TAG == len(found["reason"])
    assert "no" == tags_of(world, 1)["gate_overruled"]


def test_mirror_version_that_the_registry_does_not_have_is_told_in_one_line(three: Registry) -> None:
    with pytest.raises(StoreError, match=r"^MLflow's aliases must follow what is published, and do not yet: .*[^.]\.$"):
        three.mirror([publication(9)])


def tried(number: int) -> Tried:
    return Tried(number, {}, 0.5, True, NOW, NOW)


def test_remove_takes_the_version_its_run_and_its_trials_and_no_others(world: World, registry: Registry) -> None:
    registry.add(Run({}, {}, trials=[tried(1)]), NOW)
    registry.add(Run({}, {}, trials=[tried(1), tried(2)]), NOW)
    gone, kept = registry.list_models()
    removed = registry.remove(gone)

    assert (gone.run_id, 3, 3) == (removed[0], len(removed), len(set(removed)))
    assert [kept.version] == [model.version for model in registry.list_models()]
    with closing(sqlite3.connect(world.home.tracking)) as connection:
        deleted = connection.execute("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'deleted'")
        assert set(removed) <= {row[0] for row in deleted}
        (stage,) = connection.execute("SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", (kept.run_id,)).fetchone()
    assert "active" == stage


def test_stored_targets_of_a_home_are_named_without_their_prefix(world: World, registry: Registry) -> None:
    found = stored_targets(world.home)

    assert {"escalation", "test_stored_targets_of_a_home_are_named_without_their_prefix"} <= set(found)
    assert sorted(found) == found


def test_stored_targets_elsewhere_or_nowhere_are_none(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [] == stored_targets(Home(tmp_path))

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.intranet")
    assert [] == stored_targets(world.home)


def test_relocate_another_file_in_its_place_is_told_with_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.tracking.write_bytes(b"no database, and longer than the header of one would be, by a good deal; so it says what it is. " * 2)

    with pytest.raises(StoreError, match=r"must be MLflow's database, open to writing, found: file is not a database\. Restore it"):
        relocate(home)


@pytest.mark.full
def test_purge_that_fails_repeats_the_last_line_and_keeps_the_files(world: World) -> None:
    """A run that is not marked as deleted."""
    run_id = world.registry.show_model(world.first.version).run_id

    with pytest.raises(StoreError, match=r"^MLflow must remove the runs that were marked as deleted, and did not: .*Repeat `yujing prune`"):
        purge(world.home, [run_id])
    assert (world.home.artifacts / run_id / "artifacts/hashes.json").exists()
