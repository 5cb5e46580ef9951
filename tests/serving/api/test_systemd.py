"""systemd hears from a service that it is ready, that it is alive, and that it stops."""

import signal
import socket
import subprocess
import sys

import pytest

from features.storage.home import Home
from serving.run import ALIVE, READY, STOPPING, notify, watchdog_seconds
from tests.support.loopback import free_port
from tests.support.servers import PROGRAM


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """The socket on which systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def test_served_process_tells_that_it_is_ready_alive_and_stopping(manager, tmp_path, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(port), str(Home(tmp_path / "home").root), "{}", "{}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            heard = [manager.recv(100).decode()]
            with socket.create_connection(("127.0.0.1", port)):
                heard += [manager.recv(100).decode() for _ in range(2)]
            process.send_signal(signal.SIGTERM)
            while heard[-1] != STOPPING:
                heard.append(manager.recv(100).decode())
        finally:
            process.terminate()

    assert heard[:3] == [READY, ALIVE, ALIVE]
    assert set(heard[3:]) <= {ALIVE, STOPPING}


def test_notify_reaches_an_abstract_socket(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0yujing-test-notify")
        monkeypatch.setenv("NOTIFY_SOCKET", "@yujing-test-notify")

        notify(READY)

        assert listener.recv(100).decode() == READY


@pytest.mark.parametrize("address", ["", "/no/such/socket"])
def test_notify_where_no_one_listens_is_no_fault(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)

    notify(READY)


@pytest.mark.parametrize(("asked", "seconds"), [("60000000", 30), ("2000000", 1), ("1000000", 1), ("0", None), ("", None), ("soon", None)])
def test_watchdog_is_told_at_half_of_its_patience(monkeypatch, asked, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", asked)

    assert watchdog_seconds() == seconds
