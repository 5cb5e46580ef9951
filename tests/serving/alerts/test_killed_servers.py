"""A step that was answered is kept, and any other is there as a whole or not at all, however often the server is killed."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx2 import Client, HTTPError
from sqlalchemy import Engine, select

from features.database.access_tables import audit
from features.database.alert_tables import alert, alert_transition, answered
from features.database.engine import reading
from serving.alerts.lifecycle import REASONS, Action
from tests.serving.alerts.conftest import Days
from tests.support.killing import Forked, Run
from tests.support.visitors import sign_up

STEPS = (Action.ACKNOWLEDGE, Action.COMMENT, Action.START, Action.CLOSE)
CLIENTS = 4


@dataclass
class Worker:
    """Somebody who takes every step of some alerts in turn, and repeats under its key what was not answered."""

    alert_ids: list[str]
    client: Client
    done: list[tuple[str, int]] = field(default_factory=list)
    """Alert and version of each answered step."""

    def work(self, answered: Callable[[], None]) -> None:
        """Go on until the server is gone or everything is done; call `answered` at each answer."""
        while self.next:
            alert_id, version = self.next
            action = STEPS[version - 1]
            order = {"action": action, "reason": next(iter(REASONS[action]))}
            named = {"If-Match": f'"{alert_id}-{version}"', "Idempotency-Key": f"{alert_id}-{version}"}
            try:
                answer = self.client.post(f"/v1/alerts/{alert_id}/transitions", json=order, headers=named)
            except HTTPError:
                return
            if answer.status_code < 500:
                assert (answer.status_code, answer.json()["version"]) == (200, version + 1), answer.text
                self.done.append((alert_id, version + 1))
                answered()

    @property
    def next(self) -> tuple[str, int] | None:
        """The alert and the version of it to go on from."""
        alert, step = divmod(len(self.done), len(STEPS))
        return (self.alert_ids[alert], step + 1) if alert < len(self.alert_ids) else None


def acknowledge_under_kills(program: Forked, run: Run, engine: Engine, workers: list[Worker], kills: int) -> list[object]:
    """Let workers work while the server is killed so many times, and return every step that was found half done or lost."""
    rng = random.Random(kills)  # noqa: S311 - when to kill needs a seed, not secrecy
    each = sum(len(worker.alert_ids) for worker in workers) * len(STEPS) // (kills + 1)
    found: list[object] = []
    for _ in range(kills):
        live_once(program, run, workers, rng.randint(1, 2 * each - 1))
        found += torn(engine)
    live_once(program, run, workers, None)
    return [*found, *torn(engine), *(step for worker in workers for step in lost(engine, worker.done))]


def live_once(program: Forked, run: Run, workers: list[Worker], most: int | None) -> None:
    """Start the server and let it live for so many answers, while others are under way."""
    pid, left, lock = program.start(run), [most], threading.Lock()

    def count() -> None:
        with lock:
            if left[0]:
                left[0] -= 1
                if not left[0]:
                    os.kill(pid, signal.SIGKILL)

    threads = [threading.Thread(target=worker.work, args=(count,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if left[0] != 0:
        os.kill(pid, signal.SIGKILL)
    program.end()


def torn(engine: Engine) -> list[object]:
    """Return the alerts whose row, history, audit trail and kept answers do not say the same."""
    with reading(engine) as connection:
        versions = connection.execute(select(alert.c.alert_id, alert.c.version)).all()
        steps = Counter(connection.execute(select(alert_transition.c.alert_id)).scalars())
        deeds = Counter(connection.execute(select(audit.c.subject)).scalars())
        kept = Counter(key.rpartition("-")[0] for key in connection.execute(select(answered.c.key)).scalars())
    return [each for each, version in versions if {version} != {steps[each], deeds[each] + 1, kept[each] + 1}]


def lost(engine: Engine, done: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the answered steps that are not in the history."""
    with reading(engine) as connection:
        stored = {tuple(row) for row in connection.execute(select(alert_transition.c.alert_id, alert_transition.c.version))}
    return [step for step in done if step not in stored]


@pytest.fixture
def serving_run(database_url: str, tmp_path: Path) -> Run:
    return "serve", database_url, str(tmp_path / "home")


@pytest.fixture
def workers(program: Forked, days: Days, raised: int, raise_alerts: Callable[[int], None]) -> Iterator[list[Worker]]:
    """Four people who share so many alerts."""
    raise_alerts(raised)
    with reading(days.engine) as connection:
        ids = list(connection.execute(select(alert.c.alert_id)).scalars())
    _, token = sign_up(days.engine, datetime.now(UTC))
    headers = {"Authorization": f"Bearer {token}", "Host": "localhost"}
    with Client(base_url=f"http://127.0.0.1:{program.port}", headers=headers, timeout=10) as client:
        yield [Worker(ids[number::CLIENTS], client) for number in range(CLIENTS)]


@pytest.mark.parametrize(("raised", "kills"), [(16, 5), pytest.param(1_250, 200, marks=pytest.mark.full)])
def test_steps_that_a_killed_server_answered_are_kept_and_the_others_are_whole_or_absent(
    program: Forked,
    days: Days,
    serving_run: Run,
    workers: list[Worker],
    raised: int,
    kills: int,
    *,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("kills, and steps taken meanwhile", f"{kills}, {raised * len(STEPS)}")

    assert acknowledge_under_kills(program, serving_run, days.engine, workers, kills) == []
    assert sum(len(worker.done) for worker in workers) == raised * len(STEPS)


@pytest.mark.parametrize("raised", [8])
def test_steps_answered_before_they_are_committed_are_caught(program: Forked, days: Days, serving_run: Run, workers: list[Worker]) -> None:
    """The broken variant."""
    live_once(program, ("serve_hastily", *serving_run[1:]), workers, 3)

    assert [step for worker in workers for step in lost(days.engine, worker.done)] != []
