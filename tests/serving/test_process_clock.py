"""A whole service whose clock jumps while it runs: it goes on answering, and no session comes back to life."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import pytest

from features.database.engine import open_database
from features.storage.home import Home
from tests.support.loopback import address_of, free_port
from tests.support.visitors import PASSWORD, sign_up

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
NOW = "+0"

pytestmark = [pytest.mark.full, pytest.mark.skipif(FAKETIME is None, reason="faketime is not installed")]


@pytest.fixture
def clock(tmp_path: Path) -> Callable[[str], None]:
    """Return a function that lets the service's clock jump to so far from the right time, as faketime says it."""
    (tmp_path / "clock").write_text(NOW)

    def jump(offset: str) -> None:
        (tmp_path / "new").write_text(offset)
        (tmp_path / "new").rename(tmp_path / "clock")

    return jump


@pytest.fixture
def base(tmp_path: Path, clock: Callable[[str], None]) -> Iterator[str]:
    """Address of a service in which `li` has an account."""
    home = Home(tmp_path / "home")
    engine = open_database(home.database_url)
    sign_up(engine, datetime.now(UTC), name="li")
    engine.dispose()
    faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "clock")}
    # its cure for an old glibc makes every hand-over between threads last long enough for a sign-in to take half a minute
    faked |= {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}
    program = [Path(sys.executable).with_name("yujing"), "--home", home.root, "serve", "--daily", "06:00", "--port", str(free_port())]
    with subprocess.Popen(program, env=os.environ | faked, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield address_of(process)
        finally:
            process.kill()


def sign_in(base: str) -> httpx.Client:
    client = httpx.Client(base_url=base)
    assert client.post("/login", data={"name": "li", "password": PASSWORD}).status_code == 303
    return client


def test_service_whose_clock_jumps_answers_and_revives_no_session(base: str, clock: Callable[[str], None]) -> None:
    clients = []
    for offset in (NOW, "+3d", NOW, "-1d", "+5y", NOW):
        clock(offset)
        seen = [client.get("/password").status_code for client in clients]
        clients.append(sign_in(base))

        assert [303] * len(seen) == seen
        assert (200, 200) == (clients[-1].get("/password").status_code, clients[-1].get("/healthz").status_code)
    for client in clients:
        client.close()
