"""Receivers that misbehave: whatever they do, the sender goes on, and soon."""

import socket
import threading
import time
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from serving.alerts import messages
from serving.alerts.messages import post, send_mail

DEADLINE = 0.5


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch):
    monkeypatch.setattr(messages, "TOTAL_SECONDS", DEADLINE)


@contextmanager
def receiver(answer, *, reads=True):
    """Answer one connection by a function of its socket, and yield the address."""

    def run():
        connection, _ = listening.accept()
        with connection:
            if reads:
                connection.recv(65536)
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/in?from=yujing"
        thread.join()


def drip(connection):
    """Send one byte of a header again and again, each well within the time of a read."""
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            connection.sendall(b"a")
            time.sleep(DEADLINE / 10)
    except OSError:
        return


def answering(status):
    return lambda connection: connection.sendall(b"HTTP/1.1 %s\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n" % status)


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (answering(b"204 No Content"), True),
        (answering(b"302 Found"), False),
        (answering(b"500 Oh"), False),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"), False),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000), False),
        (lambda connection: None, False),
        (drip, False),
    ],
    ids=["takes", "redirects", "fails", "speaks something else", "too many headers", "hangs up", "drips"],
)
def test_post_tells_whether_the_message_was_taken(answer, taken):
    with receiver(answer) as url:
        assert taken is post(url, b"{}", {"Idempotency-Key": "a1-1"})


def test_post_leaves_no_thread_behind():
    with receiver(drip) as url:
        post(url, b"{}", {})
    for thread in threading.enumerate():
        if thread.name == "webhook":
            thread.join(timeout=10)

    assert [] == [thread for thread in threading.enumerate() if thread.name == "webhook"]


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "http://127.0.0.1:1/", "http://host/预警", "http://127.0.0.1:99999/", "https://127.0.0.1:1/"]
)
def test_post_address_that_leads_nowhere_is_no_error(url):
    assert not post(url, b"{}", {})


def test_mail_server_that_greets_a_byte_at_a_time_is_given_up():
    def greet(connection):
        with suppress(OSError):
            while True:
                connection.sendall(b"2")
                time.sleep(DEADLINE / 10)

    with receiver(greet, reads=False) as url:
        assert not send_mail(url.replace("http:", "smtp:"), b'{"to": ["a@x.example"], "text": "x"}', {"Idempotency-Key": "k"})
