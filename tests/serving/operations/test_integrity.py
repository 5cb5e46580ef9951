"""Damage to keys, triggers, ledger and trail is told by the service itself, at most an hour later: /readyz, /metrics, the log."""

import logging
import time
from datetime import timedelta

import pytest

from features.errors import StoreError
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.operations.checkpoints import second_place, write_checkpoint
from serving.operations.integrity import CHECKS, IntegrityWatch, Vault
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
