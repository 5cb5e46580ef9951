"""A crowd of 2,000 connections, each asking for a page again and again: what is too much is refused, and the service goes on."""

import json
import resource
from datetime import UTC, datetime

import psutil
import pytest
from httpx2 import Client

from tests.support.servers import PROGRAM, crowd, served
from tests.support.visitors import PASSWORD, sign_up

pytestmark = pytest.mark.full

CLIENTS, SECONDS = 2_000, 20
EVERYBODY_WAITS = f"""
from serving.server import limits
limits.WAIT_SECONDS = 3600.0
{PROGRAM}
"""
MOST_BYTES = 1024**3


@pytest.fixture
def descriptors():
    """Let this process and those it starts open as many files as they may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answer_crowd(world, program, **serving):
    """Return what a crowd counted, the status of the start page afterwards, and the largest memory of the server meanwhile."""
    actor, _ = sign_up(world.engine, datetime.now(UTC), name=f"crowd{len(serving)}")
    with served(world.home, program, world.settings.database_url, **serving) as server:
        base, memory = f"http://localhost:{server.port}", psutil.Process(server.process.pid)
        with Client(base_url=base, timeout=60) as client:
            client.post("/login", data={"name": actor.name, "password": PASSWORD})
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            headers = {"host": f"localhost:{server.port}", "cookie": cookie, "accept": "text/html", "accept-encoding": "gzip"}
            with crowd(port=server.port, path="/", headers=headers, clients=CLIENTS, seconds=SECONDS) as asking:
                largest = 0
                while asking.poll() is None:
                    assert client.get("/healthz").status_code == 200
                    largest = max(largest, memory.memory_info().rss)
                assert asking.stdout
                counts = json.loads(asking.stdout.read())
            return counts, client.get("/").status_code, largest


@pytest.mark.dialect("sqlite")
def test_crowd_is_answered_soon_or_refused_where_it_would_wait_for_long(shared_world, descriptors, record_property):
    counts, later, largest = answer_crowd(shared_world, PROGRAM)
    waiting, _, _ = answer_crowd(shared_world, EVERYBODY_WAITS, max_concurrent_requests=64, max_waiting_requests=10_000)

    record_property(f"{CLIENTS} connections, {SECONDS} s", counts)
    record_property("the same where everybody waits", waiting)
    assert {"200", "503"} == set(counts) - {"lost", "untold"}
    assert (0, 0, 200) == (counts["lost"], counts["untold"], later)
    assert counts["200"]["p99_ms"] < waiting["200"]["p99_ms"] / 2
    assert largest < MOST_BYTES
