"""Real servers on this machine, for as long as a test lasts."""

import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

STARTED_WITHIN_SECONDS = 20


@contextmanager
def on_loopback(make_app: Callable[[str], ASGIApp], host: str = "127.0.0.1") -> Iterator[str]:
    """Serve an application, made for the address that is given to it, on a free port and yield that address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        base = f"http://{host}:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(make_app(base), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + STARTED_WITHIN_SECONDS
        while not server.started and time.monotonic() < deadline:
            thread.join(0.02)
        try:
            yield base
        finally:
            server.should_exit = True
            thread.join()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def address_of(process: subprocess.Popen[str]) -> str:
    """Return where a program says that it serves."""
    said = []
    for line in process.stderr or ():
        said.append(line)
        if address := re.search(r"running on (http://[\d.:]+)", line):
            return address[1]
    raise AssertionError("".join(said))
