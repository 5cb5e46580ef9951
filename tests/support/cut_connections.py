"""Connections to PostgreSQL that break in the middle: a relay between client and server that cuts at a message of the client's."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from select import select

from sqlalchemy import URL, make_url

MOST_BYTES = 65536


class Relay:
    """Passes on what either side sends; at the message that it is told to cut at it closes both sides."""

    def __init__(self, server: URL) -> None:
        """Relay to a server that listens on a socket of the file system or of the network."""
        self._server = server
        self._wanted: Callable[[bytes], bool] | None = None
        self._delivered = False
        self._lock = threading.Lock()
        self.cut: bytes | None = None
        """The message at which it cut; None while it did not."""

    def cut_at(self, message: int, *, delivered: bool) -> None:
        """Cut at so manieth message of the client from now: before the server has it, or when it has answered and before that is heard."""
        numbers = count(1)
        self._cut_where(lambda _: next(numbers) == message, delivered=delivered)

    def cut_at_commit(self, *, delivered: bool) -> None:
        """Cut likewise at the next COMMIT."""
        self._cut_where(lambda content: b"COMMIT" in content, delivered=delivered)

    def stop_cutting(self) -> None:
        """Pass everything on from now."""
        self._wanted = None

    def _cut_where(self, wanted: Callable[[bytes], bool], *, delivered: bool) -> None:
        self._delivered, self.cut = delivered, None
        self._wanted = wanted

    def pass_on(self, client: socket.socket) -> None:
        """Serve one connection until a side closes it or it is cut."""
        is_cut = False
        with suppress(OSError), client, self._connect() as server:  # a side may be gone in the middle of it
            while True:
                for side in select([client, server], [], [])[0]:
                    content = side.recv(MOST_BYTES)
                    if not content or (is_cut and side is server):
                        return
                    is_cut = is_cut or (side is client and self._is_cut(content))
                    if is_cut and not self._delivered:
                        return
                    (server if side is client else client).sendall(content)

    def _is_cut(self, content: bytes) -> bool:
        with self._lock:
            if not self._wanted or not self._wanted(content):
                return False
            self.cut, self._wanted = content, None
            return True

    def _connect(self) -> socket.socket:
        host = str(self._server.query.get("host", self._server.host or "127.0.0.1"))
        port = self._server.port or 5432
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(f"{host}/.s.PGSQL.{port}")
        return connection


@contextmanager
def relayed(url: str) -> Iterator[tuple[Relay, str]]:
    """Yield a relay to the server of a database, and the address of the database by way of it."""
    server = make_url(url)
    relay = Relay(server)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=relay.pass_on, args=(client,), daemon=True).start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        port = listening.getsockname()[1]
        way = server.set(host="127.0.0.1", port=port).difference_update_query(["host"])
        yield relay, way.render_as_string(hide_password=False)
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()
