import os
import shutil
import subprocess
import sys

import pytest
from sqlalchemy import insert

from features.database.tables import model_publication
from features.errors import NotReadyError, StoreError
from features.storage.home import Home
from tests.training.conftest import NOW
from training.registry.publish import write_folder
from training.registry.published import Kind, Manifest, current, history, read_published, sha256

FILES = {"model.lgb": b"tree\n", "features.json": b"{}\n"}
MANIFEST = Manifest(
    target="escalation",
    horizon_days=14,
    version=1,
    features_hash=sha256(FILES["features.json"]),
    files={name: sha256(content) for name, content in FILES.items()},
)


@pytest.fixture
def folder(home):
    write_folder(home, MANIFEST, FILES)
    return home.published / MANIFEST.hash


def point_to(engine, model_hash):
    row = {
        "target": "escalation",
        "model_hash": model_hash,
        "model_version": "1",
        "kind": "promote",
        "published_by": "li",
        "reason": "test",
    }
    with engine.begin() as connection:
        connection.execute(insert(model_publication).values(**row, published_at=NOW))


def test_read_published_returns_what_was_written(home, folder):
    published = read_published(home, folder.name)

    assert (published.manifest, published.files, published.hash) == (MANIFEST, FILES, folder.name)


def test_write_folder_twice_changes_nothing(home, folder):
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    write_folder(home, MANIFEST, FILES)

    assert before == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert [path.name for path in home.published.iterdir()] == [folder.name]


def test_write_folder_mends_a_damaged_one(home, folder):
    (folder / "model.lgb").write_bytes(b"leaf\n")

    write_folder(home, MANIFEST, FILES)

    assert read_published(home, folder.name).files == FILES


def edit_manifest(folder):
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 2'))


def change_file(folder):
    (folder / "model.lgb").write_bytes(b"leaf\n")


def swap_files(folder):
    (folder / "model.lgb").rename(folder / "spare")
    (folder / "features.json").rename(folder / "model.lgb")
    (folder / "spare").rename(folder / "features.json")


def link_file(folder):
    """The bytes are right, but somebody else may change them after the check."""
    outside = folder.parent.parent / "outside"
    (folder / "model.lgb").rename(outside)
    (folder / "model.lgb").symlink_to(outside)


def link_folder(folder):
    moved = folder.rename(folder.parent.parent / "moved")
    folder.symlink_to(moved, target_is_directory=True)


def add_file(folder):
    (folder / "extra.json").write_text("{}")


def remove_file(folder):
    (folder / "model.lgb").unlink()


def remove_signature(folder):
    (folder / "manifest.sig").unlink()


def cut_signature(folder):
    (folder / "manifest.sig").write_bytes(b"short")


@pytest.mark.parametrize(
    "injury", [edit_manifest, change_file, swap_files, link_file, link_folder, add_file, remove_file, remove_signature, cut_signature]
)
def test_read_published_injured_folder_is_refused_in_one_line(home, folder, injury):
    injury(folder)

    with pytest.raises(StoreError, match="must") as refusal:
        read_published(home, folder.name)
    assert "\n" not in str(refusal.value)


def test_read_published_model_of_another_deployment_is_refused(home, folder, tmp_path):
    """Everything in the folder agrees with everything else; only the key is not ours."""
    other = Home(tmp_path / "other")
    write_folder(other, MANIFEST.model_copy(update={"version": 2}), FILES)
    foreign = next(other.published.iterdir())
    shutil.copytree(foreign, home.published / foreign.name)

    with pytest.raises(StoreError, match="signed with the key of this deployment"):
        read_published(home, foreign.name)


def test_read_published_every_flipped_byte_is_caught(home, folder):
    for path in folder.iterdir():
        content = path.read_bytes()
        for place in range(len(content)):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(StoreError):
                read_published(home, folder.name)
        path.write_bytes(content)

    assert read_published(home, folder.name).files == FILES


def test_write_folder_private_key_is_the_owners_alone(home, folder):
    assert {path.name: path.stat().st_mode & 0o777 for path in home.keys.iterdir()} == {"publish.private": 0o600, "publish.public": 0o644}


def test_write_folder_key_that_others_may_read_is_refused(home, folder):
    (home.keys / "publish.private").chmod(0o640)

    with pytest.raises(StoreError, match="readable by its owner only"):
        write_folder(home, MANIFEST.model_copy(update={"version": 2}), FILES)


def test_write_folder_with_the_public_key_only_is_refused(home, folder):
    (home.keys / "publish.private").unlink()

    assert read_published(home, folder.name).files == FILES
    with pytest.raises(StoreError, match="only the public half"):
        write_folder(home, MANIFEST.model_copy(update={"version": 2}), FILES)


def test_current_without_a_publication_says_what_to_do(home, engine):
    with pytest.raises(NotReadyError, match="yujing train"):
        current(home, engine)


def test_current_follows_the_last_row_of_the_history(home, engine, folder):
    second = MANIFEST.model_copy(update={"version": 2})
    write_folder(home, second, FILES)
    for model_hash in (MANIFEST.hash, second.hash, MANIFEST.hash):
        point_to(engine, model_hash)

    assert current(home, engine).version == 1
    assert current(home, engine, "escalation").version == 1
    assert [entry.model_hash for entry in history(engine)] == [MANIFEST.hash, second.hash, MANIFEST.hash]
    assert history(engine)[0].kind is Kind.PROMOTE
    with pytest.raises(NotReadyError):
        current(home, engine, "strict")


@pytest.mark.parametrize("pointer", ["..", "../keys", "0" * 64, "/etc"])
def test_current_pointer_to_elsewhere_is_refused(home, engine, folder, pointer):
    point_to(engine, pointer)

    with pytest.raises(StoreError):
        current(home, engine)


def test_reader_loads_neither_registry_nor_unpicklers():
    heavy = {"mlflow", "lightgbm", "joblib", "cloudpickle", "skops", "dill"}
    script = f"import sys, training.registry.published; print({heavy} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": "."})

    assert found.stdout.strip() == "set()"
