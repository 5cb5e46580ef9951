"""What was answered is kept and what happened is told, however often the process that does it is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from httpx2 import Client, HTTPError
from sqlalchemy import Engine, insert, select

from features.database.access_tables import audit
from features.database.alert_tables import alert, alert_transition, answered
from features.database.engine import reading, writing
from features.database.tables import grid
from serving.alerts.life import REASONS, Action
from tests.serving.alerts.conftest import QUIET, Days
from tests.serving.alerts.made import make_row
from tests.serving.visitors import sign_up

SCRIPT = Path(__file__).with_name("forked.py")
STEPS = (Action.ACKNOWLEDGE, Action.COMMENT, Action.START, Action.CLOSE)
CLIENTS = 4

Run = tuple[str, ...]
"""Name and arguments of a run of the program."""


@dataclass(frozen=True)
class Forked:
    """The program whose runs are killed."""

    process: subprocess.Popen[str]
    port: int

    def start(self, *run: str) -> int:
        """Start a run, given by its name and arguments, and return its process id."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(run) + "\n")
        self.process.stdin.flush()
        return self._hear()

    def end(self) -> int:
        """Wait for the end of a run and return its wait status."""
        return self._hear()

    def _hear(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def program() -> Iterator[Forked]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[3])}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        yield Forked(process, int(process.stdout.readline()))
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def raise_alerts(days: Days) -> Callable[[int], None]:
    """Return a function that raises so many alerts on one list."""

    def publish(count: int) -> None:
        grids = [f"k{number}" for number in range(count)]
        with writing(days.engine) as connection:
            connection.execute(insert(grid), [{"grid_id": grid_id, "name": "", "parent_path": "d/t1"} for grid_id in grids])
        settings = QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0, "per_township": count})
        days.publish([make_row(grid_id, rank) for rank, grid_id in enumerate(grids, start=1)], settings=settings)

    return publish


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
    pid, left, lock = program.start(*run), [most], threading.Lock()

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
    with Client(base_url=f"http://127.0.0.1:{program.port}", headers=headers, timeout=30) as client:
        yield [Worker(ids[number::CLIENTS], client) for number in range(CLIENTS)]


@pytest.mark.parametrize(("raised", "kills"), [(16, 5), pytest.param(1_250, 200, marks=pytest.mark.full)])
def test_steps_that_a_killed_server_answered_are_kept_and_the_others_are_whole_or_absent(
    program: Forked, days: Days, serving_run: Run, workers: list[Worker], raised: int, kills: int
) -> None:
    assert acknowledge_under_kills(program, serving_run, days.engine, workers, kills) == []
    assert sum(len(worker.done) for worker in workers) == raised * len(STEPS)


@pytest.mark.parametrize("raised", [8])
def test_steps_answered_before_they_are_committed_are_caught(program: Forked, days: Days, serving_run: Run, workers: list[Worker]) -> None:
    """The broken variant."""
    live_once(program, ("serve_hastily", *serving_run[1:]), workers, 3)

    assert [step for worker in workers for step in lost(days.engine, worker.done)] != []


class Desk:
    """A receiver that keeps what it is told, and kills who tells it at a message of its choice, before or after answering."""

    def __init__(self) -> None:
        self.bodies: dict[str, set[bytes]] = {}
        self.repeated = 0
        self.lock = threading.Lock()
        self.pid, self.left, self.answers = 0, -1, True

    def start(self, program: Forked, run: Run, left: int, *, answers: bool) -> None:
        """Start a run that ends at so many messages from now; below 0 it does not."""
        with self.lock:
            self.left, self.answers = left, answers
            self.pid = program.start(*run)

    def take(self, name: str, body: bytes, answer: Callable[[], None]) -> None:
        with self.lock:
            self.repeated += name in self.bodies
            self.bodies.setdefault(name, set()).add(body)
            self.left -= 1
            if self.left != 0 or self.answers:
                answer()
            if self.left == 0:
                os.kill(self.pid, signal.SIGKILL)


@contextmanager
def listening(desk: Desk) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            desk.take(self.headers["Idempotency-Key"], body, self.answer)

        def answer(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/alerts"
        server.shutdown()
        thread.join()


def tell_under_kills(program: Forked, run: Run, desk: Desk, kills: int) -> None:
    """Let steps be taken and told while who does so is killed so many times, and then to the end."""
    rng = random.Random(kills)  # noqa: S311 - when to kill needs a seed, not secrecy
    for _ in range(kills):
        desk.start(program, run, rng.randint(1, 8), answers=rng.random() < 0.5)
        assert program.end() == signal.SIGKILL
    desk.start(program, run, -1, answers=True)
    assert program.end() == 0


def untold(engine: Engine, desk: Desk) -> set[str]:
    """Return what happened to an alert and was not told."""
    with reading(engine) as connection:
        versions = connection.execute(select(alert.c.alert_id, alert.c.version)).all()
    return {f"{alert_id}-{number}" for alert_id, version in versions for number in range(1, version + 1)} - desk.bodies.keys()


@pytest.mark.parametrize(("raised", "kills"), [(12, 6), pytest.param(300, 200, marks=pytest.mark.full)])
def test_messages_of_a_killed_process_are_all_told_and_repeated_under_the_same_key_alone(
    program: Forked, days: Days, database_url: str, raise_alerts: Callable[[int], None], raised: int, kills: int
) -> None:
    raise_alerts(raised)
    desk = Desk()
    with listening(desk) as receiver:
        tell_under_kills(program, ("tell", database_url, receiver), desk, kills)

    assert untold(days.engine, desk) == set()
    assert len(desk.bodies) == raised * 4
    assert {len(bodies) for bodies in desk.bodies.values()} == {1}
    assert 0 < desk.repeated <= kills


def test_messages_that_are_noted_apart_from_their_step_are_missed_and_that_is_caught(
    program: Forked, days: Days, database_url: str, raise_alerts: Callable[[int], None]
) -> None:
    """The broken variant."""
    raise_alerts(8)
    desk = Desk()
    with listening(desk) as receiver:
        desk.start(program, ("tell_from_a_list_apart", database_url, receiver), -1, answers=True)
        killed = program.end()
        tell_under_kills(program, ("tell", database_url, receiver), desk, 0)

    assert killed == signal.SIGKILL
    assert len(untold(days.engine, desk)) == 1
