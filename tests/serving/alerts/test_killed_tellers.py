"""Everything that happens to an alert is told, however often the process that does and tells it is killed."""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import Engine, select

from features.database.alert_tables import alert
from features.database.engine import reading
from tests.serving.alerts.conftest import Days
from tests.support.killing import Forked, Run


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
            self.pid = program.start(run)

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
    program: Forked,
    days: Days,
    database_url: str,
    raise_alerts: Callable[[int], None],
    raised: int,
    kills: int,
    *,
    record_property: Callable[[str, object], None],
) -> None:
    raise_alerts(raised)
    desk = Desk()
    with listening(desk) as receiver:
        tell_under_kills(program, ("tell", database_url, receiver), desk, kills)

    record_property("kills, messages, and repetitions", f"{kills}, {len(desk.bodies)}, {desk.repeated}")
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
