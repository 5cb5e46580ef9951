import shutil
import threading
from contextlib import suppress
from datetime import timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from features.errors import StoreError, UsageError
from features.eventlog.read import read_log
from features.home import Home
from serving.access.actor import Role
from serving.api.app import create_app
from serving.backup import MANIFEST, back_up, restore
from serving.cli.main import app
from serving.ledger import newest
from tests.serving.sample import make_sample
from tests.serving.visitors import open_client, sign_up
from tests.serving.world import AS_OF, LAST_DAY, PUBLISHED_AT, append, open_world

NOW = PUBLISHED_AT + timedelta(hours=1)

pytestmark = pytest.mark.dialect("sqlite")


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


@pytest.mark.parametrize(("backups", "events"), [(3, 0), pytest.param(10, 20_000, marks=pytest.mark.full)])
def test_backup_made_while_others_write_restores_log_ledger_and_first_list(world, tmp_path, backups, events):
    append_many(world, events)
    world.rank()
    _, token = sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    stop = threading.Event()
    writer = threading.Thread(target=ingest_more, args=(world, stop))
    writer.start()
    try:
        made = [back_up(world.home, world.engine, tmp_path / f"backup{number}", NOW) for number in range(backups)]
    finally:
        stop.set()
        writer.join()

    assert events <= made[0].sequence < made[-1].sequence
    for number, backup in enumerate(made):
        restored = restore(tmp_path / f"backup{number}", Home(tmp_path / f"home{number}"))
        copy = open_world(tmp_path / f"home{number}")
        assert restored == backup
        assert read_log(world.home, world.engine, backup.sequence).records.equals(read_log(copy.home, copy.engine).records)
        assert newest(world.engine) == newest(copy.engine)
        with open_client(create_app(copy.settings, copy.home, lambda: NOW), token) as client:
            assert client.get("/v1/rankings").headers["X-Ranking-Id"] == newest(world.engine).ranking_id
        copy.engine.dispose()


def test_restored_home_can_rank_and_keeps_its_keys_to_itself(world, tmp_path):
    world.home.config.write_text("zone: Asia/Shanghai\n")
    world.rank()
    back_up(world.home, world.engine, tmp_path / "backup", NOW)
    restore(tmp_path / "backup", Home(tmp_path / "restored"))
    copy = open_world(tmp_path / "restored")

    assert copy.rank(AS_OF, NOW) == newest(world.engine)
    assert copy.home.config.read_text() == "zone: Asia/Shanghai\n"
    assert {path.stat().st_mode & 0o077 for path in copy.home.keys.iterdir() if path.suffix != ".public"} == {0}
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    copy.engine.dispose()


@pytest.fixture
def backup(world, tmp_path):
    world.rank()
    back_up(world.home, world.engine, tmp_path / "backup", NOW)
    return tmp_path / "backup"


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: flip(folder / "yujing.db"),
        lambda folder: flip(next((folder / "published").glob("*/model.lgb"))),
        lambda folder: shutil.rmtree(folder / "keys"),
        lambda folder: (folder / "added").touch(),
        lambda folder: (folder / MANIFEST).unlink(),
    ],
)
def test_backup_that_is_not_whole_is_refused_and_nothing_is_restored(backup, tmp_path, spoil):
    spoil(backup)

    with pytest.raises(StoreError, match="Choose another backup"):
        restore(backup, Home(tmp_path / "restored"))
    assert not (tmp_path / "restored").exists()


def test_restore_where_the_database_is_elsewhere_is_refused(backup, tmp_path, monkeypatch):
    monkeypatch.setenv("YUJING_DATABASE_URL", "postgresql://nobody@localhost/elsewhere")

    ran = CliRunner().invoke(app, ["--home", str(tmp_path / "restored"), "restore", str(backup)])

    assert "its own tools" in str(ran.exception)
    assert not (tmp_path / "restored").exists()


def test_backup_and_restore_overwrite_nothing(world, backup):
    with pytest.raises(UsageError, match="not there yet"):
        back_up(world.home, world.engine, backup, NOW)
    with pytest.raises(UsageError, match="without a database"):
        restore(backup, world.home)


@pytest.mark.dialect("postgresql")
def test_backup_of_postgresql_is_left_to_its_own_tools(world, tmp_path):
    with pytest.raises(UsageError, match="pgBackRest"):
        back_up(world.home, world.engine, tmp_path / "backup", NOW)

    assert not (tmp_path / "backup").exists()
