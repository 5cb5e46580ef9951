"""Each planted fault makes the shipped rules of Prometheus fire, those of this fault and no other."""

import re
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from features.database.alert_tables import daily_run, delivery
from features.database.engine import writing
from serving.accounts.permissions import Role
from serving.operations.integrity import second_place, write_checkpoint
from serving.operations.jobs import Run, record_run
from tests.support.planted import PLANTED
from tests.support.prometheus import promtool, read_metrics
from tests.support.published_world import AS_OF, PUBLISHED_AT
from tests.support.visitors import sign_up

pytestmark = [
    pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed"),
    pytest.mark.dialect("sqlite"),
]

HOURS = 2
"""After which it is asked what fires; longer than all but one rule waits."""


def firing(metrics: str, now: datetime, folder: Path, hours: int = HOURS) -> set[str]:
    """Return the names of the rules that fire when nothing changes for so many hours."""
    asked = {"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": f"{hours}h", "exp_samples": []}
    return set(re.findall(r'alertname="(\w+)"', promtool(metrics, now, folder, asked)))


@pytest.fixture
def sound(world):
    """A home with two lists, an account, a backup and a checkpoint."""
    sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    world.rank(AS_OF - timedelta(days=1))
    world.rank()
    record_run(world.engine, Run("backup", PUBLISHED_AT, 1.0))
    write_checkpoint(world.home, world.engine, second_place(world.home, None), PUBLISHED_AT)
    return world


def store(table: Any, *rows: dict[str, Any]) -> Callable[[Any], None]:
    def write(world: Any) -> None:
        with writing(world.engine) as connection:
            connection.execute(insert(table), list(rows))

    return write


def job(*arguments: Any) -> Callable[[Any], None]:
    return lambda world: record_run(world.engine, Run(*arguments))


LETTER = {"receiver": "desk", "version": 1, "attempts": 1, "next_at": PUBLISHED_AT}
REFUSED = {"read": 100.0, "accepted": 90.0, "duplicate": 0.0, "quarantined": 10.0}
MARK = {"as_of": AS_OF - timedelta(days=3), "at": PUBLISHED_AT, "outcome": "refused", "detail": "no data"}
FAULTS: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "nothing": (lambda world: None, set()),
    **{check: (PLANTED[check], {"YujingDamaged", "YujingAttention"}) for check in ("keys", "guards", "ledger", "audit trail")},
    "audit grows old": (PLANTED["publishing"], {"YujingPublishingEnds", "YujingAttention"}),
    "ingest fails": (job("ingest", PUBLISHED_AT + timedelta(minutes=1), 1.0, "no file"), {"YujingJobFailed", "YujingAttention"}),
    "rows refused": (job("ingest", PUBLISHED_AT, 1.0, None, REFUSED), {"YujingRowsRefused"}),
    "message given up": (store(delivery, LETTER | {"alert_id": "a", "state": "dead"}), {"YujingMessagesGivenUp", "YujingAttention"}),
    "messages wait": (
        store(delivery, *(LETTER | {"alert_id": f"a{number}", "state": "waiting"} for number in range(101))),
        {"YujingMessagesWait"},
    ),
    "day without list": (store(daily_run, MARK), {"YujingMissedDays", "YujingAttention"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_fires_its_rules_and_no_other(sound, fault: str, tmp_path) -> None:
    plant, expected = FAULTS[fault]
    plant(sound)

    assert firing(read_metrics(sound, PUBLISHED_AT), PUBLISHED_AT, tmp_path) == expected


def test_service_whose_jobs_stopped_fires_for_list_data_and_backup(sound, tmp_path) -> None:
    later = PUBLISHED_AT + timedelta(days=5)

    assert firing(read_metrics(sound, later), later, tmp_path) == {"YujingListOld", "YujingDataLate", "YujingBackupOld", "YujingAttention"}


def test_home_that_was_never_backed_up_fires_after_two_days(world, tmp_path) -> None:
    world.rank()
    metrics = read_metrics(world, PUBLISHED_AT)

    assert "YujingNeverBackedUp" not in firing(metrics, PUBLISHED_AT, tmp_path)
    assert "YujingNeverBackedUp" in firing(metrics, PUBLISHED_AT, tmp_path, hours=49)


def test_database_that_is_gone_and_disk_that_is_full_fire(sound, tmp_path) -> None:
    metrics = read_metrics(sound, PUBLISHED_AT).replace("yujing_database_up 1.0", "yujing_database_up 0.0")
    metrics = re.sub(r"(?m)^(yujing_disk_free_bytes) .*$", r"\1 4e9", metrics)

    assert firing(metrics, PUBLISHED_AT, tmp_path) == {"YujingDatabaseDown", "YujingDiskLow"}
