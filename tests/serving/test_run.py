import signal
import socket
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from serving.rankings.ledger import newest
from tests.support.servers import served
from tests.support.visitors import sign_up

IN_FLIGHT = 500
STOP_SECONDS = 15


@pytest.fixture
def server(shared_world):
    """A running server that works on as many requests as are sent here."""
    with served(shared_world.home, database_url=shared_world.settings.database_url, max_concurrent_requests=2 * IN_FLIGHT) as server:
        yield server


@pytest.fixture
def request_bytes(shared_world):
    _, token = sign_up(shared_world.engine, datetime.now(UTC))
    return f"GET /v1/rankings?limit=40 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=STOP_SECONDS)


def read_answer(connection):
    """Read one answer to its end, or to where the connection ends."""
    received = b""
    while b"\r\n\r\n" not in received or len(received.split(b"\r\n\r\n", 1)[1]) < content_length(received):
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            break
        if not more:
            break
        received += more
    return received


def content_length(received):
    head = received.split(b"\r\n\r\n", 1)[0].lower()
    return int(head.split(b"content-length: ")[1].split(b"\r\n")[0])


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL], ids=["asked to stop", "killed"])
def test_stop_signal_fails_nothing_that_is_in_flight_as_a_kill_does(server, shared_world, request_bytes, stop, record_property):
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server.port)) for _ in range(IN_FLIGHT)]
        for connection in connections:
            connection.sendall(request_bytes)
            read_answer(connection)
        for connection in connections:
            connection.sendall(request_bytes)
        server.process.send_signal(stop)
        stopped = server.process.wait(timeout=STOP_SECONDS)
        answers = [read_answer(connection) for connection in connections]
    ranking_id = newest(shared_world.engine).ranking_id.encode()
    whole = [answer for answer in answers if answer.startswith(b"HTTP/1.1 200") and ranking_id in answer and answer.endswith(b"]}")]

    record_property(f"whole answers of {IN_FLIGHT} in flight at {stop.name}", len(whole))
    assert -stop == stopped
    assert (stop == signal.SIGTERM) == (len(whole) == IN_FLIGHT)


def test_answers_do_not_name_the_server(server, request_bytes):
    with connect(server.port) as connection:
        connection.sendall(request_bytes)

        assert b"\r\nserver:" not in read_answer(connection).lower()
