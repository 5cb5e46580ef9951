import json
import pickle
import shutil
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import model_publication
from features.errors import GateRefusedError, NotFoundError, NotReadyError, StoreError, UsageError
from tests.training.conftest import NOW
from training.registry import candidate
from training.registry.publish import Approval, champions, promote, rollback, sign_again, sync_aliases, write_folder
from training.registry.published import Kind, Manifest, Publication, current, history, read_published, sha256
from training.registry.run_record import Run, hashes_file
from training.registry.tracking import open_registry

ANYWAY = Approval("li", "trial", NOW, override=True)
PLAIN = Approval("li", "trial", NOW)


def read_all(world, version):
    model = world.registry.show_model(version)
    return {name: world.registry.read_file(model, name) for name in world.registry.read_hashes(model)}


def register(world, files, hashes=None):
    """Register files as a new version, by default with their true hashes on record."""
    true = {name: sha256(content) for name, content in files.items()}
    return world.registry.add(Run(files, true | (hashes or {})), NOW)


def folder_of(model):
    return Path(unquote(urlsplit(model.source).path))


@pytest.fixture(scope="module")
def files(world):
    return read_all(world, world.first.version)


def test_promote_publishes_the_files_of_the_run(world, home, engine, files):
    publication = promote(home, engine, world.registry, world.first.version, ANYWAY)

    champion = current(home, engine)
    assert champion.files == files
    assert champion.manifest.target == "escalation"
    assert champion.manifest.features_hash == sha256(files["features.json"])
    assert [publication] == history(engine)
    assert (publication.published_by, publication.reason, publication.published_at) == ("li", "trial", NOW)
    assert world.registry.show_model("champion").version == world.first.version


def test_promote_champion_again_mends_its_folder_and_adds_no_entry(world, home, engine, files):
    first = promote(home, engine, world.registry, world.first.version, ANYWAY)
    (home.published / first.model_hash / "new.lgb").write_bytes(b"")

    assert promote(home, engine, world.registry, world.first.version, PLAIN) == first
    assert current(home, engine).files == files
    assert [first] == history(engine)


def test_rollback_returns_to_the_one_before_without_the_registry(world, home, engine):
    first = promote(home, engine, world.registry, world.first.version, ANYWAY)
    promote(home, engine, world.registry, world.second.version, ANYWAY)
    assert world.registry.show_model("previous").version == world.first.version

    back = rollback(home, engine, "escalation", PLAIN)

    assert (back.kind, back.model_hash) == (Kind.ROLLBACK, first.model_hash)
    assert current(home, engine).version == world.first.version
    assert [entry.model_version for entry in history(engine)] == [world.first.version, world.second.version, world.first.version]
    with pytest.raises(NotReadyError, match="none"):
        rollback(home, engine, "escalation", PLAIN)
    sync_aliases(engine, world.registry, "escalation")
    assert world.registry.show_model("champion").version == world.first.version
    with pytest.raises(NotFoundError):
        world.registry.show_model("previous")


def test_audit_is_the_training_or_the_promotion_against_the_gate_and_a_rollback_is_none(world, home, engine, monkeypatch):
    trained = world.registry.show_model(world.first.version).created_at
    with monkeypatch.context() as patch:
        patch.setattr("training.registry.publish._objections", lambda *_: [])
        passed = promote(home, engine, world.registry, world.first.version, PLAIN)
    overruled = promote(home, engine, world.registry, world.second.version, ANYWAY)
    back = rollback(home, engine, "escalation", replace(PLAIN, at=NOW + timedelta(days=80)))

    assert (passed.audited_at, overruled.audited_at, back.audited_at) == (trained, ANYWAY.at, trained)
    assert overruled.override
    assert [passed, overruled, back] == history(engine)


def test_rollback_to_a_model_of_an_earlier_program_makes_up_no_date_of_its_audit(world, home, engine):
    """A date would let the right to publish end at once, in the very hour in which somebody went back."""
    first = promote(home, engine, world.registry, world.first.version, ANYWAY)
    with writing(engine) as connection:
        connection.execute(insert(model_publication), asdict(first) | {"audited_at": None})
    promote(home, engine, world.registry, world.second.version, ANYWAY)

    assert rollback(home, engine, "escalation", PLAIN).audited_at is None


def test_open_registry_that_cannot_be_reached_is_told_in_one_line(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nowhere://store")

    with pytest.raises(StoreError, match=r"must let itself be opened.*See MLFLOW_TRACKING_URI\.$"):
        open_registry(home, "escalation")


def test_promote_happens_together_with_what_else_is_written_or_not_at_all(world, home, engine):
    def refuse(connection, publication):
        raise StoreError(f"the trail must take {publication.kind}")

    noted = []
    first = promote(home, engine, world.registry, world.first.version, ANYWAY, lambda _, publication: noted.append(publication))
    with pytest.raises(StoreError, match="must take promote"):
        promote(home, engine, world.registry, world.second.version, ANYWAY, refuse)

    assert [first] == noted == history(engine)


def test_rollback_to_a_damaged_folder_is_refused_and_moves_nothing(world, home, engine):
    first = promote(home, engine, world.registry, world.first.version, ANYWAY)
    promote(home, engine, world.registry, world.second.version, ANYWAY)
    (home.published / first.model_hash / "new.lgb").write_bytes(b"")

    with pytest.raises(StoreError):
        rollback(home, engine, "escalation", PLAIN)
    assert current(home, engine).version == world.second.version


def test_promote_against_the_gate_needs_an_override_that_is_recorded(world, home, engine, files):
    report = json.loads(files[candidate.BACKTEST])
    report["models"]["lightgbm"]["poisson_deviance"] = float("nan")
    version = register(world, files | {candidate.BACKTEST: candidate.to_json(report)})

    with pytest.raises(GateRefusedError, match="must be finite numbers") as refusal:
        promote(home, engine, world.registry, version, PLAIN)
    assert "\n" not in str(refusal.value)
    assert history(engine) == []
    assert not home.published.exists()

    publication = promote(home, engine, world.registry, version, ANYWAY)
    assert "poisson_deviance must be finite numbers" in publication.override


def test_promote_candidate_never_compared_with_the_champion_is_refused(world, home, engine):
    promote(home, engine, world.registry, world.second.version, ANYWAY)

    with pytest.raises(GateRefusedError, match="not compared with the present champion, version"):
        promote(home, engine, world.registry, world.first.version, PLAIN)


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("li", " "), ("", "")])
def test_approval_without_a_name_or_reason_is_refused(by, reason):
    with pytest.raises(UsageError, match="a name and a reason"):
        Approval(by, reason, NOW, override=True)


def test_promote_version_whose_files_are_gone_is_refused(world, home, engine, files):
    model = world.registry.show_model(register(world, files))
    shutil.rmtree(folder_of(model))

    with pytest.raises(NotFoundError, match="must be in the registry"):
        promote(home, engine, world.registry, model.version, ANYWAY)


def test_open_registry_twice_finds_the_same_models(world):
    again = open_registry(world.home, "escalation")

    assert [model.version for model in again.list_models()] == [model.version for model in world.registry.list_models()]
    assert open_registry(world.home, "strict").list_models() == []


def test_promote_unknown_version_is_named(world, home, engine):
    with pytest.raises(NotFoundError, match="'nobody'"):
        promote(home, engine, world.registry, "nobody", PLAIN)


@pytest.mark.parametrize("name", ["model.pkl", "../new.lgb", "model.lgb.exe", ".hidden.json", "MODEL.LGB"])
def test_promote_file_of_another_kind_is_refused(world, home, engine, files, name):
    model = world.registry.show_model(register(world, files, {name: "0" * 64}))

    with pytest.raises(GateRefusedError, match="LightGBM text and JSON"):
        promote(home, engine, world.registry, model.version, ANYWAY)


@pytest.mark.parametrize("change", [{"new.lgb": b"\xff\xfe"}, {"golden.json": b"{"}, {"new.lgb": b""}])
def test_promote_unreadable_file_with_its_true_hash_is_refused(world, home, engine, files, change):
    with pytest.raises(GateRefusedError):
        promote(home, engine, world.registry, register(world, files | change), ANYWAY)


def test_promote_without_evidence_is_refused(world, home, engine, files):
    rest = {name: content for name, content in files.items() if name != candidate.GOLDEN}

    with pytest.raises(GateRefusedError, match=r"golden\.json"):
        promote(home, engine, world.registry, register(world, rest), ANYWAY)


def mutate(content, rng):
    """Cut it, flip a bit, delete a byte or write a line twice."""
    place, lines = rng.integers(len(content)), content.splitlines(keepends=True)
    line = lines[rng.integers(len(lines) // 2)]
    mutants = [
        content[:place],
        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
        content[:place] + content[place + 1 :],
        content.replace(line, line + line, 1),
    ]
    return mutants[rng.integers(len(mutants))]


@pytest.mark.parametrize("mutants", [20, pytest.param(1_000, marks=pytest.mark.full)])
def test_promote_mutants_of_the_registered_model_are_never_published(world, home, engine, files, mutants, record_property):
    """Whoever can write the artifact store changes the model after the run was recorded."""
    model = world.registry.show_model(register(world, files))
    stored = folder_of(model) / "artifacts/files/new.lgb"
    rng = np.random.default_rng(1)
    record_property("mutants of a model that are refused by their hash", mutants)
    for _ in range(mutants):
        stored.write_bytes(mutate(files["new.lgb"], rng))
        with pytest.raises(GateRefusedError, match="SHA-256 on the run's record"):
            promote(home, engine, world.registry, model.version, ANYWAY)
    stored.write_bytes(files["new.lgb"])

    assert not home.published.exists()
    assert history(engine) == []


def test_promote_with_changed_table_of_hashes_is_refused(world, home, engine, files):
    """Whoever can write the artifact store changes the model and the table of its hashes, but not the run's record."""
    model = world.registry.show_model(register(world, files))
    table = world.home.artifacts / model.run_id / "artifacts/hashes.json"
    changed = files["new.lgb"] + b"\n"
    (folder_of(model) / "artifacts/files/new.lgb").write_bytes(changed)
    table.write_bytes(hashes_file(world.registry.read_hashes(model) | {"new.lgb": sha256(changed)}))

    with pytest.raises(GateRefusedError, match=r"hashes\.json of version \d+ must have the SHA-256"):
        promote(home, engine, world.registry, model.version, ANYWAY)


@pytest.fixture
def unpickled():
    """Return the names that pickle looks up while the test runs."""
    found, watching = [], [True]

    def watch(event, details):
        if event == "pickle.find_class" and watching:
            found.append(details)

    sys.addaudithook(watch)
    yield found
    watching.clear()


def test_publishing_and_loading_unpickle_nothing(world, home, engine, unpickled):
    promote(home, engine, world.registry, world.first.version, ANYWAY)
    promote(home, engine, world.registry, world.second.version, ANYWAY)
    rollback(home, engine, "escalation", PLAIN)
    current(home, engine)

    assert unpickled == []
    pickle.loads(pickle.dumps(Path()))  # noqa: S301 - the watch must be shown able to see one
    assert unpickled != []


def entry(version, kind=Kind.PROMOTE):
    return Publication("escalation", f"hash-{version}", version, kind, NOW, "li", "trial", None)


@pytest.mark.parametrize(
    ("steps", "standing"),
    [
        ([], []),
        ([1], [1]),
        ([1, 2], [1, 2]),
        ([1, 2, "back"], [1]),
        ([1, 2, "back", 3], [1, 3]),
        ([1, 2, "back", 3, "back"], [1]),
        ([1, 2, 3, "back", "back"], [1]),
        ([1, 2, 1], [1, 2, 1]),
    ],
)
def test_champions_are_those_that_rollbacks_left_standing(steps, standing):
    """A second rollback goes one further back, never to what was rolled back before."""
    entries = [entry(0, Kind.ROLLBACK) if step == "back" else entry(step) for step in steps]

    assert standing == [champion.model_version for champion in champions(entries)]


def publish_text(home, version):
    """Publish a folder of one small file; return its hash."""
    content = {"features.json": b"{}\n"}
    hashes = {name: sha256(text) for name, text in content.items()}
    manifest = Manifest(target="escalation", horizon_days=14, version=version, features_hash=hashes["features.json"], files=hashes)
    write_folder(home, manifest, content)
    return manifest.hash


def test_sign_again_makes_every_model_verify_with_the_new_key_alone(home):
    hashes = [publish_text(home, version) for version in (1, 2)]
    signatures = {name: (home.published / name / "manifest.sig").read_bytes() for name in hashes}
    sign_again(home)

    assert [1, 2] == [read_published(home, name).version for name in hashes]
    for name, before in signatures.items():
        (home.published / name / "manifest.sig").write_bytes(before)
        with pytest.raises(StoreError):
            read_published(home, name)


def test_sign_again_beside_a_damaged_model_is_refused_and_changes_nothing(home):
    whole, damaged = publish_text(home, 1), publish_text(home, 2)
    (home.published / damaged / "features.json").write_bytes(b"[]\n")
    before = (home.published / whole / "manifest.sig").read_bytes()
    with pytest.raises(StoreError):
        sign_again(home)

    assert before == (home.published / whole / "manifest.sig").read_bytes()
    assert 1 == read_published(home, whole).version


def test_sign_again_passes_over_a_folder_that_a_crash_left_half_written(home):
    whole = publish_text(home, 1)
    (home.published / ".new-0").mkdir()
    sign_again(home)

    assert 1 == read_published(home, whole).version
    assert [] == list((home.published / ".new-0").iterdir())
