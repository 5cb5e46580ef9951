import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.database.known_keys import home_fingerprints, known_pair, known_secret, lost_keys
from features.errors import NotFoundError, StoreError, UsageError
from features.intake.pseudonyms import deployment_key
from features.storage.home import Home
from features.storage.keys import BACKUPS, HEADS, MODELS, secret_key
from serving.cli.main import app
from serving.operations import keys
from serving.operations.backup import back_up, restore, signer
from serving.operations.integrity import ledger_heads, read_second_place, second_place, write_checkpoint
from serving.operations.keys import list_keys, rotate
from serving.rankings import ledger
from tests.support.audit_entries import newest_entries
from tests.support.published_world import PUBLISHED_AT
from training.registry.published import current

NOW = PUBLISHED_AT + timedelta(hours=1)


def test_list_keys_says_what_each_is_for_and_misses_those_that_are_lost(engine, tmp_path):
    home = Home(tmp_path / "home")
    secret_key(home, "cursor")
    known_secret(home, engine, "receiver-desk")
    known_secret(home, engine, "platform-portal")
    (home.keys / "platform-portal.key").unlink()

    listed = {key.name: key for key in list_keys(home, engine)}

    assert list(listed) == ["cursor", "platform-portal", "receiver-desk"]
    assert [key.is_known for key in listed.values()] == [False, True, True]
    assert (listed["platform-portal"].fingerprint, listed["platform-portal"].since) == (None, None)
    assert listed["receiver-desk"].fingerprint == home_fingerprints(home)["receiver-desk"]
    assert all(key.purpose and key.can_rotate for key in listed.values())


@pytest.mark.dialect("sqlite")
def test_every_key_that_a_home_makes_has_a_purpose(world):
    back_up(world.home, world.engine, world.home.root.parent / "backup", NOW)

    assert {key.name: key.purpose for key in list_keys(world.home, world.engine) if "no use" in key.purpose} == {}


def test_every_secret_that_the_service_makes_can_be_rotated():
    source = Path(keys.__file__).parents[1]
    made = {
        name for path in source.rglob("*.py") for name in re.findall(r'secret_key\([\w.]+, "(\w+)"\)', path.read_text(encoding="utf-8"))
    }

    assert {"browser", "cursor", "sign_on"} <= made
    assert [name for name in made if not ((purpose := keys.purpose_of(name)) and purpose.replace)] == []


def test_rotated_secret_is_known_in_the_place_of_the_old_one(engine, tmp_path):
    home = Home(tmp_path / "home")
    old = known_secret(home, engine, "receiver-desk")

    rotate(home, engine, "receiver-desk", NOW)

    assert known_secret(home, engine, "receiver-desk") != old
    assert lost_keys(home, engine) == []
    deed = newest_entries(engine, limit=1)[0]
    assert (deed.action, deed.subject) == ("key.rotate", "receiver-desk")
    assert home_fingerprints(home)["receiver-desk"] in deed.detail


@pytest.mark.dialect("sqlite")
def test_rotated_key_of_models_signs_all_of_them_again(world):
    known_pair(world.home, world.engine, MODELS)
    folder = next(world.home.published.iterdir())
    signature = (folder / "manifest.sig").read_bytes()

    rotate(world.home, world.engine, MODELS, NOW)

    assert current(world.home, world.engine).version == 1
    (folder / "manifest.sig").write_bytes(signature)
    with pytest.raises(StoreError, match="signed with the key"):
        current(world.home, world.engine)


@pytest.mark.dialect("sqlite")
def test_key_of_models_stays_when_one_was_changed(world):
    before = home_fingerprints(world.home)
    next(world.home.published.glob("*/new.lgb")).write_text("changed", encoding="utf-8")

    with pytest.raises(StoreError):
        rotate(world.home, world.engine, MODELS, NOW)
    assert home_fingerprints(world.home) == before


@pytest.mark.dialect("sqlite")
def test_checkpoints_of_a_rotated_key_stay_accepted_and_new_ones_follow(world):
    entry = world.rank()
    write_checkpoint(world.home, world.engine, second_place(world.home, None), NOW)

    rotate(world.home, world.engine, HEADS, NOW)
    write_checkpoint(world.home, world.engine, second_place(world.home, None), NOW)

    heads = read_second_place(world.home, None)
    assert len(heads) == 2
    assert ledger.verify(world.engine, ledger_heads(heads)) == entry
    next(world.home.keys.glob("heads-1.retired")).unlink()
    with pytest.raises(StoreError, match="signed with the key"):
        read_second_place(world.home, None)


@pytest.mark.dialect("sqlite")
def test_backup_of_a_rotated_key_is_restored_by_its_fingerprint_only(world, tmp_path):
    back_up(world.home, world.engine, tmp_path / "backup", NOW)
    old = signer(world.home)

    rotate(world.home, world.engine, BACKUPS, NOW)

    world.home.database.rename(tmp_path / "away.db")
    world.engine.dispose()
    with pytest.raises(StoreError, match="must be signed by the key"):
        restore(tmp_path / "backup", world.home)
    assert restore(tmp_path / "backup", world.home, fingerprint=old).backup.sequence > 0


def test_rotation_that_fails_leaves_the_old_key(engine, tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    old = known_secret(home, engine, "receiver-desk")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(keys.audit, "record", fail)
    with pytest.raises(OSError, match="no space"):
        rotate(home, engine, "receiver-desk", NOW)
    assert known_secret(home, engine, "receiver-desk") == old


def test_key_of_ids_and_unknown_keys_are_not_rotated(engine, tmp_path):
    home = Home(tmp_path / "home")
    deployment_key(home, engine)

    with pytest.raises(UsageError, match="must stay"):
        rotate(home, engine, "intake", NOW)
    for name in ("cursor", "nonsense", "../intake"):
        with pytest.raises(NotFoundError, match="keys list"):
            rotate(home, engine, name, NOW)


def test_foreign_key_is_not_made_known_by_rotation(engine, tmp_path):
    home = Home(tmp_path / "home")
    known_secret(home, engine, "receiver-desk")
    (home.keys / "receiver-desk.key").write_bytes(bytes(32))

    with pytest.raises(StoreError, match="Restore it"):
        rotate(home, engine, "receiver-desk", NOW)


@pytest.mark.dialect("sqlite")
def test_keys_commands_show_no_key(world):
    key = secret_key(world.home, "cursor")
    home = ["--home", str(world.home.root)]

    listed = CliRunner().invoke(app, ["keys", "list", *home])
    rotated = CliRunner().invoke(app, ["keys", "rotate", "cursor", *home])

    assert (listed.exit_code, rotated.exit_code) == (0, 0), listed.output + rotated.output
    assert home_fingerprints(world.home)["cursor"] in rotated.output
    assert key.hex() not in listed.output
    assert secret_key(world.home, "cursor") != key
