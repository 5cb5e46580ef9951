"""Clients that send too much, too slowly, or nothing; each against a server with limits and one of plain uvicorn, which they harm."""

import socket
import time
from contextlib import ExitStack, suppress
from functools import cache

import psutil
import pytest

from features.storage.home import Home
from serving.server.connections import MAX_HEAD_BYTES
from tests.support.servers import PROGRAM, served

STRICT = """
from serving.server import connections
connections.HEAD_SECONDS, connections.BODY_SECONDS, connections.STALLED_SECONDS = 0.5, 0.5, 0.5
connections.BODY_BYTES_PER_SECOND = 30_000
"""
PATIENT = """
from serving.server import connections
connections.HEAD_SECONDS, connections.BODY_SECONDS = 60, 60
"""
PLAIN = """
from serving import run
from serving.server import limits
run.LimitedProtocol = "httptools"
limits._has_body = lambda scope: False
"""
FEW_DESCRIPTORS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
"""
PROGRAMS = {"strict": STRICT, "patient": FEW_DESCRIPTORS + PATIENT, "plain": FEW_DESCRIPTORS + PLAIN}
SLOTS = 5
PATIENCE = {"strict": 60.0, "patient": 60.0, "plain": 2.0}
"""Seconds that a client waits: for an answer as long as a busy machine may take, of plain uvicorn until the deadlines set here are over."""
HEAD = b"Host: localhost\r\n"
FORM = HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Return the server of a kind, which is started when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def start(kind):
            home = Home(tmp_path_factory.mktemp(kind) / "home")
            return stack.enter_context(served(home, PROGRAMS[kind] + PROGRAM, max_concurrent_requests=SLOTS, max_waiting_requests=0))

        yield start


def connect(server, stack):
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE["strict"]))


def ask(server, path=b"/healthz", kind="strict"):
    """Return the status of one request on a connection of its own; None where nobody answers."""
    with ExitStack() as own:
        try:
            connection = connect(server, own)
            connection.settimeout(PATIENCE[kind])
            connection.sendall(b"GET %s HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (path, HEAD))
            return status_of(read_all(connection))
        except OSError:
            return None


def read_all(connection):
    """Return what comes until the server closes; a connection that stays open is a TimeoutError."""
    received = b""
    try:
        while more := connection.recv(65536):
            received += more
    except ConnectionResetError:
        pass
    return received


def status_of(received):
    return int(received.split(b" ", 2)[1]) if received else None


def ends_with(connection, kind="strict"):
    """Return the status a server closes a connection with, None for no answer, and "open" where it stays open."""
    connection.settimeout(PATIENCE[kind])
    try:
        return status_of(read_all(connection))
    except TimeoutError:
        return "open"


@pytest.mark.parametrize("kind", ["strict", "plain"])
@pytest.mark.parametrize("pieces", [1, 40], ids=["at once", "in pieces"])
def test_header_beyond_the_limit_is_refused_and_its_connection_closed(start, kind, pieces):
    server, value = start(kind), b"a" * (2 * MAX_HEAD_BYTES // pieces)
    with ExitStack() as stack:
        connection = connect(server, stack)
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"X-Long: ")
            for _ in range(pieces):
                connection.sendall(value)
            connection.sendall(b"\r\nConnection: close\r\n\r\n")

        assert (431 if kind == "strict" else 200) == ends_with(connection)
        assert 200 == ask(server)


def test_header_within_the_limit_is_read(start):
    with ExitStack() as stack:
        connection = connect(start("strict"), stack)
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"X-Long: " + b"a" * 60_000 + b"\r\nConnection: close\r\n\r\n")

        assert 200 == ends_with(connection)


@pytest.mark.parametrize("kind", ["strict", "plain"])
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"GET /healthz HTTP/1.1\r\nHost: loc", 408),
        (b"POST /login HTTP/1.1\r\n" + FORM + b"Content-Length: 1000\r\n\r\nname=a", 408),
        (b"POST /login HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\nname=\r\n", 408),
        (b"POST /no-such HTTP/1.1\r\n" + FORM + b"Content-Length: 1000\r\n\r\nname=a", 404),
    ],
    ids=["nothing", "blank line", "half a header", "half a body", "half a chunked body", "half a body that nobody waits for"],
)
def test_connection_whose_request_does_not_arrive_is_closed(start, kind, sent, answer):
    with ExitStack() as stack:
        connection = connect(start(kind), stack)
        connection.sendall(sent)

        assert (answer if kind == "strict" else "open") == ends_with(connection, kind)


def test_header_that_comes_byte_by_byte_is_cut_off(start):
    with ExitStack() as stack:
        connection = connect(start("strict"), stack)
        with suppress(BrokenPipeError, ConnectionResetError):
            for sent, byte in enumerate(b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 100):  # noqa: B007 - read below
                connection.sendall(bytes([byte]))
                time.sleep(0.05)  # slower than the deadline allows for the whole

        assert sent < 100


def test_body_that_arrives_at_a_good_rate_outlives_the_deadline(start):
    parts, part = 10, b"a" * 30_000
    with ExitStack() as stack:
        connection = connect(start("strict"), stack)
        connection.sendall(b"POST /login HTTP/1.1\r\n" + FORM + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % (parts * len(part)))
        for _ in range(parts):
            connection.sendall(part)
            time.sleep(0.1)

        assert 422 == ends_with(connection)


@pytest.mark.parametrize("kind", ["patient", "plain"])
def test_half_sent_bodies_take_no_slot(start, kind):
    server = start(kind)
    with ExitStack() as stack:
        for _ in range(4 * SLOTS):
            connect(server, stack).sendall(b"POST /look HTTP/1.1\r\n" + FORM + b"Content-Length: 1000\r\n\r\nback=/")

        assert (200 if kind == "patient" else 503) == ask(server, b"/login")


@pytest.mark.parametrize("kind", ["patient", "plain"])
def test_more_idle_connections_than_descriptors_keep_nobody_out(start, kind):
    server = start(kind)
    with ExitStack() as stack:
        for _ in range(400):
            connect(server, stack)

        assert (200 if kind == "patient" else None) == ask(server, kind=kind)


def test_connection_that_waited_longest_makes_room(start):
    """One that is used stays, however many rest beside it."""
    server = start("patient")
    with ExitStack() as stack:
        used = connect(server, stack)
        for _ in range(200):
            connect(server, stack)
            used.sendall(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")

            assert read_answer(used).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("kind", ["strict", "plain"])
def test_response_that_nobody_reads_is_given_up(start, kind):
    server = start(kind)
    with ExitStack() as stack:
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall((b"GET /login HTTP/1.1\r\n" + HEAD + b"\r\n") * 2_000)
        connection.recv(1)
        until = time.monotonic() + PATIENCE[kind]
        while is_open(server, connection) and time.monotonic() < until:
            time.sleep(0.1)

        assert (kind == "plain") == is_open(server, connection)


def read_answer(connection):
    received = b""
    while not received.endswith(b"}"):
        received += connection.recv(65536)
    return received


def is_open(server, connection):
    """Tell whether a server holds its end of a connection open."""
    ends = [each.raddr for each in psutil.Process(server.process.pid).net_connections() if each.status == psutil.CONN_ESTABLISHED]
    return connection.getsockname() in ends
