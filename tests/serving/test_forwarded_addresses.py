"""Addresses that a request claims to come from, sent to the running server by a trusted proxy and by somebody who is none."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import pytest
from sqlalchemy import Engine, select

from features.database.access_tables import audit, login_attempt
from features.database.engine import open_database, reading
from features.storage.home import Home
from serving.accounts.passwords import ATTEMPTS_PER_ACCOUNT
from serving.accounts.permissions import Scope
from serving.accounts.sessions import make_wall
from serving.audit import OPERATOR
from tests.support.servers import served
from tests.support.visitors import PASSWORD, sign_up

pytestmark = pytest.mark.full

PROXY, STRANGER, ELSEWHERE = "127.0.0.9", "127.0.0.2", "127.0.0.3"
VISITORS = [f"203.0.113.{number}" for number in range(1, ATTEMPTS_PER_ACCOUNT + 2)]
HALL = "203.0.113.77"
"""Address that a wall screen is bound to."""
BRAKED = [401] * ATTEMPTS_PER_ACCOUNT + [429]
FREE = [401] * (ATTEMPTS_PER_ACCOUNT + 1)


def claiming(address: str) -> dict[str, str]:
    """Return headers that claim an address, by every name that proxies use, as though the trusted proxy had been asked."""
    one = ("X-Real-IP", "X-Client-IP", "X-Forwarded", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP")
    return dict.fromkeys(one, address) | {
        "X-Forwarded-For": address,
        "Forwarded": f'for="{address}";by="{PROXY}";proto=https',
        "Via": f"1.1 {PROXY}",
    }


@dataclass(frozen=True)
class Running:
    """A running server, and the database that it writes to."""

    base: str
    engine: Engine
    wall: str
    """Address of a page that only the wall screen at `HALL` opens."""

    def client(self, sender: str) -> httpx.Client:
        """Return a client that sends from an address of this machine."""
        return httpx.Client(base_url=self.base, transport=httpx.HTTPTransport(local_address=sender))

    def guess(self, sender: str) -> list[int]:
        """Return the statuses of wrong passwords that claim to come from one address after the other."""
        with self.client(sender) as client:
            form = {"name": "li", "password": "wrong"}
            return [client.post("/login", data=form, headers=claiming(address)).status_code for address in VISITORS]

    def braked(self) -> set[str]:
        """Return hashes of the addresses that failed logins are counted for."""
        with reading(self.engine) as connection:
            return set(connection.execute(select(login_attempt.c.address)).scalars())

    def trail(self) -> list[tuple[str, str]]:
        """Return action and detail of all entries of the audit trail."""
        with reading(self.engine) as connection:
            return [(row.action, row.detail) for row in connection.execute(select(audit).order_by(audit.c.id))]


@contextmanager
def running(root: Path, trusted: list[str]) -> Iterator[Running]:
    """Serve a home in which `li` has an account, to whom a list of trusted proxies forwards addresses."""
    home = Home(root)
    engine, now = open_database(home.database_url), datetime.now(UTC)
    sign_up(engine, now, name="li")
    secret = make_wall(engine, ("hall", Scope(""), HALL), OPERATOR, now)
    with served(home, trusted_proxies=trusted) as server:
        yield Running(f"http://127.0.0.1:{server.port}", engine, f"/wall/{secret}")
    engine.dispose()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "home", [PROXY]) as started:
        yield started


def hashes(*addresses: str) -> set[str]:
    return {hashlib.sha256(address.encode()).hexdigest() for address in addresses}


def test_forwarded_addresses_of_a_stranger_change_neither_the_brake_nor_the_trail(server: Running) -> None:
    before = server.trail()
    guessed = server.guess(STRANGER)
    with server.client(STRANGER) as client:
        opened = "set-cookie" in client.get(server.wall, headers=claiming(HALL)).headers
        figures = client.get("/metrics", headers=claiming("127.0.0.1")).status_code
    unchanged = server.trail()
    with server.client(ELSEWHERE) as client:
        entered = client.post("/login", data={"name": "li", "password": PASSWORD}, headers=claiming(STRANGER)).status_code

    assert (BRAKED, hashes(STRANGER)) == (guessed, server.braked())
    assert (False, 404, before) == (opened, figures, unchanged)
    assert (303, [*before, ("session.open", '{"vouched": false}')]) == (entered, server.trail())


def test_forwarded_addresses_of_the_trusted_proxy_are_those_that_count(server: Running) -> None:
    guessed = server.guess(PROXY)
    with server.client(PROXY) as client:
        opened = "set-cookie" in client.get(server.wall, headers=claiming(HALL)).headers
        chained = {"X-Forwarded-For": f"{VISITORS[0]}, {STRANGER}"}  # a stranger's own claim, and what the proxy adds
        client.post("/login", data={"name": "li", "password": "wrong"}, headers=chained)

    assert (FREE, hashes(*VISITORS, STRANGER)) == (guessed, server.braked())
    assert (True, "wall.enrol") == (opened, server.trail()[-1][0])


def test_server_that_trusts_everybody_is_caught(tmp_path: Path) -> None:
    with running(tmp_path / "home", ["0.0.0.0/0"]) as server:
        assert (FREE, hashes(*VISITORS)) == (server.guess(STRANGER), server.braked())
