import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from serving.ledger import newest
from tests.serving.visitors import sign_up

PROGRAM = """
import sys
from pathlib import Path
from features.home import Home
from serving.api.server import serve
from serving.settings import Settings
serve(Home(Path(sys.argv[1])), Settings(serving={"port": int(sys.argv[2])}))
"""


@pytest.fixture
def server(shared_world):
    """A running server, its port, and a request that it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", PROGRAM, str(shared_world.home.root), str(port)]
    environment = {**os.environ, "YUJING_DATABASE_URL": shared_world.settings.database_url}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    address = next(line for line in process.stderr if "running on" in line)
    assert f"http://127.0.0.1:{port} " in address
    _, token = sign_up(shared_world.engine, datetime.now(UTC))
    request = f"GET /v1/rankings?limit=40 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    yield process, port, request.encode()
    process.kill()
    process.stderr.close()
    process.wait()


def read_answer(connection):
    """Read one answer to its end, or to where the connection ends."""
    received = b""
    while b"\r\n\r\n" not in received or len(received.split(b"\r\n\r\n", 1)[1]) < content_length(received):
        more = connection.recv(65536)
        if not more:
            break
        received += more
    return received


def content_length(received):
    head = received.split(b"\r\n\r\n", 1)[0].lower()
    return int(head.split(b"content-length: ")[1].split(b"\r\n")[0])


def test_serve_stop_signal_answers_what_is_in_flight(server, shared_world):
    process, port, request = server
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=15)) for _ in range(100)]
        for connection in connections:
            connection.sendall(request)
            read_answer(connection)
        for connection in connections:
            connection.sendall(request)
        process.send_signal(signal.SIGTERM)
        answers = [read_answer(connection) for connection in connections]

    assert process.wait(timeout=15) == -signal.SIGTERM
    assert len(answers) == sum(answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"]}") for answer in answers)
    assert all(newest(shared_world.engine).ranking_id.encode() in answer for answer in answers)


def test_serve_answers_do_not_name_the_server(server):
    _, port, request = server
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(request)

        assert b"\r\nserver:" not in read_answer(connection).lower()
