"""Real servers on this machine, for as long as a test lasts."""

import socket
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
        yield base
        server.should_exit = True
        thread.join()
