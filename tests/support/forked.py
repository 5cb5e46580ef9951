"""A program for the tests that kill it: each line on stdin asks for one run, in a forked child, whose process id is printed.

Forking after the imports makes hundreds of killed processes affordable. The socket that they listen on outlives them.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Connection, Engine, update

from features.database.alert_tables import alert
from features.database.engine import open_database
from features.storage.home import Home
from serving.accounts.permissions import Actor
from serving.alerts import transitions
from serving.alerts.lifecycle import OPEN, REASONS, Action, State
from serving.alerts.messages import post
from serving.alerts.queries import Wanted, find_alert, list_alerts
from serving.alerts.schemas import Alert
from serving.alerts.transitions import TransitionRequest, take_step
from serving.alerts.webhooks import deliver
from serving.api.routes import alerts
from serving.app import create_app
from serving.pages.layout import read_templates
from serving.pages.map_cache import MapCache
from serving.server import limits
from serving.settings import Receiver, Settings
from tests.serving.alerts.conftest import COMMAND, NOW

KEY = b"k" * 32
limits.WINDOW_SECONDS = 0.0
MapCache.make_ready = lambda *_: None  # type: ignore[method-assign]  # Polars, which prepares maps, does not outlive a fork
NEXT = {State.PUBLISHED: Action.ACKNOWLEDGE, State.ACKNOWLEDGED: Action.START, State.IN_ACTION: Action.CLOSE}
LATER_SECONDS = 0.2
"""How long the hasty server's answers are ahead of its commits."""
STEPS_BEFORE_THE_END = 7


def serve(listening: socket.socket, url: str, home: str) -> None:
    """Serve a home until killed."""
    uvicorn.Server(uvicorn.Config(make_app(url, home), log_config=None)).run(sockets=[listening])


@cache
def make_app(url: str, home: str) -> FastAPI:
    """Make the application, which opens nothing yet."""
    return create_app(Settings(database_url=url), Home(Path(home)))


def serve_hastily(listening: socket.socket, url: str, home: str) -> None:
    """The broken variant: it answers before it commits."""

    def answer(engine: Engine, actor: Actor, alert_id: str, asked: TransitionRequest, *rest: Any) -> Alert:
        before = find_alert(engine, actor, alert_id)
        threading.Timer(LATER_SECONDS, take_step, (engine, actor, alert_id, asked, *rest)).start()
        return before.model_copy(update={"version": asked.version + 1})

    alerts.take_step = answer
    serve(listening, url, home)


def tell(_: socket.socket, url: str, receiver: str) -> None:
    """Take a step with each open alert and tell a receiver, until all are closed and told."""
    engine, desk, number = open_database(url), Receiver(name="desk", url=receiver), 0
    deliver(engine, desk, KEY, NOW, post)
    while open_ones := list_alerts(engine, COMMAND, Wanted(OPEN), limit=500):
        for each in open_ones:
            number += 1
            action = NEXT[each.state]
            take_step(
                engine, COMMAND, each.alert_id, TransitionRequest(action, next(iter(REASONS[action])), each.version, f"{each.etag}"), NOW
            )
            deliver(engine, desk, KEY, NOW + timedelta(seconds=number), post)


def tell_from_a_list_apart(listening: socket.socket, url: str, receiver: str) -> None:
    """The broken variant: what is to be told is written after the step, and the process ends in between."""
    write, steps = transitions._write, []

    def write_apart(connection: Connection, after: Alert, done: tuple[str, str, str], now: datetime) -> None:
        steps.append(after)
        if len(steps) < STEPS_BEFORE_THE_END:
            write(connection, after, done, now)
            return
        changed = {"state": after.state, "since": after.since, "version": after.version}
        connection.execute(update(alert).where(alert.c.alert_id == after.alert_id).values(changed))
        connection.commit()
        os.kill(os.getpid(), signal.SIGKILL)

    transitions._write = write_apart
    tell(listening, url, receiver)


RUNS: dict[str, Callable[[socket.socket, str, str], None]] = {
    run.__name__: run for run in (serve, serve_hastily, tell, tell_from_a_list_apart)
}


def main() -> None:
    """Print the port; then, for each line with a run and its arguments, the process id of a child and, at its end, its wait status."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _say(listening.getsockname()[1])
        for line in sys.stdin:
            run, *arguments = json.loads(line)
            if run.startswith(serve.__name__):  # what takes long is done once
                make_app(*arguments)
                read_templates()
            child = os.fork()
            if not child:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # logs go there
                RUNS[run](listening, *arguments)
                os._exit(0)
            _say(child)
            _say(os.waitpid(child, 0)[1])


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
