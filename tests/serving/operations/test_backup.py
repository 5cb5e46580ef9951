import json
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from datetime import timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from features.database.copying import copy_rows, count_rows
from features.database.engine import open_database
from features.errors import StoreError, UsageError
from features.eventlog.read import read_log
from features.storage.home import Home
from features.storage.keys import BACKUPS, public_key, sign
from serving import audit
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.cli.main import app
from serving.operations.backup import MANIFEST, PUBLIC_KEY, SEALS, SIGNATURE, back_up, list_files, move, restore, signer, sync_and_hash
from serving.rankings import ledger
from serving.rankings.ledger import newest
from tests.support.golden_sample import make_sample
from tests.support.published_world import AS_OF, LAST_DAY, PUBLISHED_AT, World, append, open_world
from tests.support.visitors import open_client, sign_up

NOW = PUBLISHED_AT + timedelta(hours=1)


def ingest_more(world, stop):
    """Append one small batch after the other until told to stop; one that had to wait too long for a backup is sent again."""
    number = 0
    while not stop.is_set():
        cases = make_sample(LAST_DAY, days=20, grids=40, rng=np.random.default_rng(number)).cases
        with suppress(StoreError):
            append(world.engine, cases.with_columns(event_id=cases["event_id"] + f"-{number}"), key=f"batch {number}")
            number += 1


def append_many(world, events):
    """Append so many cases at least."""
    rng, stored = np.random.default_rng(1), 0
    while stored < events:
        cases = make_sample(LAST_DAY, days=500, grids=40, rng=rng).cases
        append(world.engine, cases.with_columns(event_id=cases["event_id"] + f"-old{stored}"), key=f"old {stored}")
        stored += len(cases)


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize(("backups", "events"), [(3, 0), pytest.param(10, 20_000, marks=pytest.mark.full)])
def test_backup_made_while_others_write_restores_log_ledger_and_first_list(world, tmp_path, backups, events, record_property):
    append_many(world, events)
    world.rank()
    _, token = sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    stop = threading.Event()
    writer = threading.Thread(target=ingest_more, args=(world, stop))
    writer.start()
    made = []
    try:
        while writer.is_alive() and (len(made) < backups or made[-1].sequence == made[0].sequence):
            made.append(back_up(world.home, world.engine, tmp_path / f"backup{len(made)}", NOW))
    finally:
        stop.set()
        writer.join()

    record_property("backups restored, and records written at least", f"{backups}, {events}")
    assert events <= made[0].sequence < made[-1].sequence
    for number, backup in enumerate(made):
        restored = restore(tmp_path / f"backup{number}", Home(tmp_path / f"home{number}"))
        copy = open_world(tmp_path / f"home{number}")
        assert restored.backup == backup
        assert read_log(world.home, world.engine, backup.sequence).records.equals(read_log(copy.home, copy.engine).records)
        assert newest(world.engine) == newest(copy.engine)
        with open_client(create_app(copy.settings, copy.home, lambda: NOW), token) as client:
            assert client.get("/v1/rankings").headers["X-Ranking-Id"] == newest(world.engine).ranking_id
        copy.engine.dispose()


@pytest.mark.dialect("sqlite")
def test_restored_home_can_rank_and_keeps_its_keys_to_itself(world, tmp_path):
    world.home.config.write_text("zone: Asia/Shanghai\n")
    world.rank()
    back_up(world.home, world.engine, tmp_path / "backup", NOW)
    restore(tmp_path / "backup", Home(tmp_path / "restored"))
    copy = open_world(tmp_path / "restored")

    assert world.home.facts.is_dir()
    assert not copy.home.facts.exists()
    assert copy.rank(AS_OF, NOW) == newest(world.engine)
    assert copy.home.config.read_text() == "zone: Asia/Shanghai\n"
    assert {path.stat().st_mode & 0o077 for path in copy.home.keys.iterdir() if path.suffix != ".public"} == {0}
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    copy.engine.dispose()


@pytest.fixture
def backup(world, tmp_path):
    world.rank()
    sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    back_up(world.home, world.engine, tmp_path / "backup", NOW)
    return tmp_path / "backup"


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


def sign_again(folder, home):
    """Make a backup look whole after a change, as somebody would who has all but the key that signed it."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["files"] = {name: sync_and_hash(folder / name) for name in list_files(folder) if name not in SEALS}
    content = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(sign(home, BACKUPS, content))
    (folder / PUBLIC_KEY).write_bytes(public_key(home, BACKUPS))


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: flip(folder / "yujing.db"),
        lambda folder: flip(next((folder / "published").glob("*/new.lgb"))),
        lambda folder: shutil.rmtree(folder / "keys"),
        lambda folder: (folder / "added").touch(),
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / SIGNATURE).unlink(),
        lambda folder: (folder / MANIFEST).write_bytes((folder / MANIFEST).read_bytes().replace(b"2026", b"2025", 1)),
        lambda folder: link(next((folder / "published").glob("*/new.lgb"))),
    ],
)
def test_backup_that_is_not_whole_is_refused_and_nothing_is_restored(backup, tmp_path, spoil):
    spoil(backup)

    with pytest.raises(StoreError, match="Choose another backup"):
        restore(backup, Home(tmp_path / "restored"))
    assert not (tmp_path / "restored").exists()


def as_administrators(database):
    """Make every account an administrator and drop what keeps the log, as in a copy that somebody got hold of."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE account SET administers = 1")
        connection.execute("DROP TRIGGER ranking_refuses_UPDATE")
        connection.commit()


@pytest.mark.dialect("sqlite")
def test_backup_signed_again_by_somebody_else_is_refused(world, backup, tmp_path):
    mallory, fingerprint = Home(tmp_path / "mallory"), signer(world.home)
    as_administrators(backup / "yujing.db")
    sign_again(backup, mallory)

    with pytest.raises(StoreError, match=f"signed by the key {fingerprint}"):
        restore(backup, Home(tmp_path / "restored"), fingerprint=fingerprint)
    with pytest.raises(StoreError, match="lacks ranking_refuses_UPDATE"):
        restore(backup, Home(tmp_path / "restored"))
    assert not (tmp_path / "restored").exists()


@pytest.mark.dialect("sqlite")
def test_restore_says_what_it_could_not_check(world, backup, tmp_path):
    trusted = restore(backup, Home(tmp_path / "one"), fingerprint=signer(world.home))
    believed = restore(backup, Home(tmp_path / "two"))

    assert [1, 2] == [len(restored.unchecked) for restored in (trusted, believed)]
    assert "--fingerprint" in believed.unchecked[1]
    assert not list((tmp_path / "two" / "keys").glob("backup.*"))


@pytest.mark.dialect("sqlite")
def test_backup_and_restore_overwrite_nothing(world, backup):
    with pytest.raises(UsageError, match="not there yet"):
        back_up(world.home, world.engine, backup, NOW)
    with pytest.raises(UsageError, match="without a database"):
        restore(backup, world.home)


@pytest.mark.dialect("sqlite")
def test_backup_that_fails_leaves_nothing_and_can_be_repeated(world, tmp_path, monkeypatch):
    world.rank()
    with monkeypatch.context() as patch:
        patch.setattr("serving.operations.backup.shutil.copytree", lambda *_, **__: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space left"):
            back_up(world.home, world.engine, tmp_path / "backup", NOW)

    assert not list(tmp_path.glob("*backup*"))
    assert back_up(world.home, world.engine, tmp_path / "backup", NOW).files


@pytest.mark.dialect("sqlite")
def test_backup_of_an_empty_place_is_refused_and_leaves_none(tmp_path):
    ran = CliRunner().invoke(app, ["--home", str(tmp_path / "nowhere"), "backup", "--out", str(tmp_path / "backup")])

    assert "found none" in str(ran.exception)
    assert not list(tmp_path.iterdir())


def test_backup_of_either_database_restores_into_either_with_both_chains(world, backup, databases, tmp_path):
    chains = ledger.verify(world.engine), audit.verify(world.engine)
    for dialect in ("sqlite", "postgresql"):
        home = Home(tmp_path / f"as-{dialect}")
        with databases.new(dialect, home.root) as url:
            restore(backup, home, None if dialect == "sqlite" else url)
            engine = open_database(url)
            copied = ledger.verify(engine), audit.verify(engine)
            counts = count_rows(engine)
            engine.dispose()

        assert (copied, counts) == (chains, count_rows(world.engine))
        assert home.database.exists() == (dialect == "sqlite")


def test_move_to_the_other_database_keeps_every_row_and_goes_on(world, databases, tmp_path):
    world.rank(AS_OF - timedelta(days=1), PUBLISHED_AT - timedelta(days=1))
    other = "postgresql" if world.engine.dialect.name == "sqlite" else "sqlite"
    with databases.new(other, tmp_path / "moved") as url:
        moved = move(world.home, world.engine, url)
        copy = World(world.home, open_database(url), world.settings.model_copy(update={"database_url": url}))
        entry = copy.rank()
        with pytest.raises(UsageError, match="without rows"):
            move(world.home, world.engine, url)
        copy.engine.dispose()

    assert (moved.rows, moved.lists) == (sum(count_rows(world.engine).values()), 1)
    assert entry == world.rank()


def test_move_while_somebody_writes_is_refused(world, databases, tmp_path, monkeypatch):
    def copy_and_write(source, target):
        rows = copy_rows(source, target)
        sign_up(source, PUBLISHED_AT, Role.COMMAND)
        return rows

    monkeypatch.setattr("serving.operations.backup.copy_rows", copy_and_write)
    with databases.new("sqlite", tmp_path / "moved") as url, pytest.raises(StoreError, match="nobody must write"):
        move(world.home, world.engine, url)
