"""Two processes behind the shipped nginx file: one restarts after the other, and nobody notices."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from urllib.request import urlopen

import pytest
from httpx2 import Client, HTTPError

from features.storage.home import Home
from tests.support.loopback import free_port
from tests.support.proxies import proxied
from tests.support.servers import PROGRAM
from tests.support.visitors import sign_up

pytestmark = [
    pytest.mark.full,
    pytest.mark.dialect("sqlite"),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]
SERVING = {"behind_proxy": True, "trusted_proxies": ["127.0.0.1"], "requests_per_minute": 1_000_000}


def start(home: Home, port: int, root_path: str = "") -> subprocess.Popen[bytes]:
    """Start a process and wait until it answers."""
    serving = json.dumps(SERVING | {"root_path": root_path})
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port), str(home.root), "{}", serving], stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
        except OSError:
            time.sleep(0.2)
        else:
            return process
    raise AssertionError("it did not start")


@contextmanager
def readers(base: str, token: str, statuses: list[int]) -> Iterator[None]:
    """Ask for the newest list again and again, as four clients."""
    stop = Event()

    def read() -> None:
        with Client(base_url=base, verify=False, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            while not stop.is_set():
                try:
                    statuses.append(client.get("/v1/rankings?limit=1").status_code)
                except HTTPError:
                    statuses.append(0)

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_rolling_restart_loses_no_request(world, tmp_path):
    world.rank()
    token = sign_up(world.engine, datetime.now(UTC))[1]
    front, plain, ports = free_port(), free_port(), (free_port(), free_port())
    processes = [start(world.home, port) for port in ports]
    statuses: list[int] = []
    try:
        with proxied(tmp_path, front, ports, plain):
            base = f"https://127.0.0.1:{front}"
            time.sleep(1)
            with readers(base, token, statuses):
                for number, port in enumerate(ports):
                    processes[number].send_signal(signal.SIGTERM)
                    processes[number].wait()
                    processes[number] = start(world.home, port)
            with Client(base_url=base, verify=False) as client:
                page = client.get("/login")
                figures = client.get("/metrics").status_code
    finally:
        for process in processes:
            process.terminate()
            process.wait()

    assert (set(statuses), len(statuses) > 100) == ({200}, True)
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert "secure" in page.headers.get("set-cookie", "secure").lower()
    assert figures == 404
    assert page.headers["x-request-id"] in (tmp_path / "yujing.log").read_text(encoding="utf-8")


def test_pages_under_a_path_of_a_site_stay_there(world, tmp_path):
    front, plain, ports = free_port(), free_port(), (free_port(), free_port())
    process = start(world.home, ports[0], "/yujing")
    try:
        with proxied(tmp_path, front, ports, plain):
            time.sleep(1)
            with Client(base_url=f"https://127.0.0.1:{front}", verify=False) as client:
                away = client.get("/yujing/")
                page = client.get("/yujing/login")
                linked = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
                answers = {address: client.get(address).status_code for address in linked if "/static/" in address}
    finally:
        process.terminate()
        process.wait()

    assert away.headers["location"].startswith("/yujing/")
    assert page.status_code == 200
    assert [address for address in linked if not address.startswith("/yujing/")] == []
    assert set(answers.values()) == {200}
