"""Damage to keys, triggers, ledger and trail is told by the service itself, at most an hour later: /readyz, /metrics, the log."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from features.database.engine import open_database
from features.errors import StoreError
from features.storage.home import Home
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.operations.integrity import (
    CHECKS,
    FILE,
    IntegrityWatch,
    Vault,
    audit_heads,
    ledger_heads,
    read_checkpoints,
    second_place,
    write_checkpoint,
)
from tests.support.planted import PLANTED, edit
from tests.support.published_world import AS_OF, PUBLISHED_AT
from tests.support.visitors import Clock, open_client, sign_up


def watch_of(world) -> IntegrityWatch:
    return IntegrityWatch(Vault(world.home, world.engine, None))


@pytest.fixture
def listed(world):
    """A home with two lists, an account and a checkpoint."""
    sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    world.rank(AS_OF - timedelta(days=1))
    world.rank()
    write_checkpoint(world.home, world.engine, second_place(world.home, None), PUBLISHED_AT)
    return world


def read_integrity(world) -> tuple[list[str], str]:
    """Return what /readyz asks attention for, and the metrics, once a service has looked."""
    with open_client(create_app(world.settings, world.home, Clock(PUBLISHED_AT))) as client:
        for _ in range(200):
            if "yujing_integrity_ok{" in client.get("/metrics").text:
                break
            time.sleep(0.05)
        return [told["en"] for told in client.get("/readyz").json()["attention"]], client.get("/metrics").text


def test_look_at_a_sound_home_finds_nothing(listed) -> None:
    watch = watch_of(listed)
    watch.look()

    assert watch.damaged == dict.fromkeys(CHECKS, False)


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize("check", CHECKS)
def test_damage_is_told_by_readiness_metric_and_log(listed, check: str, caplog) -> None:
    PLANTED[check](listed)
    with caplog.at_level(logging.ERROR):
        attention, metrics = read_integrity(listed)

    assert f"the check of {check} fails; yujing doctor says why, restore the backup" in attention
    assert f'yujing_integrity_ok{{check="{check}"}} 0.0' in metrics
    assert any(record.getMessage().startswith(f"{check}: ") for record in caplog.records)


def test_look_without_a_database_is_no_damage_and_keeps_what_was_seen(listed, databases) -> None:
    watch = watch_of(listed)
    watch.look()
    seen = dict(watch.damaged)
    with databases.unreadable(listed.engine), pytest.raises(StoreError):
        watch.look()

    assert watch.damaged == seen


@pytest.mark.dialect("sqlite")
def test_list_of_the_next_day_is_published_above_a_damaged_one(listed) -> None:
    damaged = listed.rank()
    edit(listed, f"UPDATE ranking_row SET body = '{{}}' WHERE position = 0 AND ranking_id = {damaged.id}", "ranking_row_refuses_UPDATE")

    assert listed.rank(AS_OF + timedelta(days=1), PUBLISHED_AT + timedelta(days=1)).id == damaged.id + 1


NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_head_of_empty_chains_asks_for_nothing(engine, home, tmp_path):
    write_checkpoint(home, engine, tmp_path, NOW)
    heads = read_checkpoints(home, tmp_path)

    assert (NOW.isoformat(), set(), set()) == (heads[0].at, ledger_heads(heads), audit_heads(heads))


def test_heads_of_another_key_or_changed_are_refused(engine, home, tmp_path):
    write_checkpoint(home, engine, tmp_path, NOW)
    line = (tmp_path / FILE).read_text(encoding="ascii")

    (tmp_path / FILE).write_text(line.replace("2026", "2025"), encoding="ascii")
    with pytest.raises(StoreError, match="must be signed"):
        read_checkpoints(home, tmp_path)
    (tmp_path / FILE).unlink()
    other = Home(tmp_path / "other")
    elsewhere = open_database(other.database_url)
    write_checkpoint(other, elsewhere, tmp_path, NOW)
    elsewhere.dispose()
    with pytest.raises(StoreError, match="must be signed"):
        read_checkpoints(home, tmp_path)


@pytest.mark.parametrize("content", [None, "no json\n"])
def test_heads_that_cannot_be_read_are_told(home, tmp_path, content):
    if content:
        (tmp_path / FILE).write_text(content, encoding="ascii")

    with pytest.raises(StoreError, match="Mount the second place"):
        read_checkpoints(home, tmp_path)


def test_head_second_place_that_is_gone_is_told(engine, home, tmp_path):
    with pytest.raises(StoreError, match="Mount it again"):
        write_checkpoint(home, engine, tmp_path / "gone", NOW)
