"""Reading in a process without a network, with a broken registry and a store that cannot be written."""

import json
import shutil
import socket
import subprocess
import sys
from datetime import timedelta

import pytest

from features.database.engine import open_database
from features.storage.home import Home
from serving.accounts.sessions import open_session
from serving.server.auth import COOKIE
from tests.support.access_matrix import by
from tests.support.townships import NOW, fill
from tests.support.visitors import PASSWORD, sign_up

READS = 1_000
LATER = NOW + timedelta(hours=27)
PROGRAM = """
import asyncio, json, socket, sys
from datetime import datetime
from pathlib import Path
from sqlalchemy import Engine, event
from features.storage.home import Home
from serving.app import create_app
from serving.run import configure_logs
from serving.settings import Settings
from tests.support.access_matrix import Request, running
from tests.support.visitors import Clock
event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
configure_logs()
root, now, listening, requests = json.loads(sys.argv[1])
async def read():
    settings = Settings(serving={"requests_per_minute": 1_000_000})
    async with running(create_app(settings, Home(Path(root)), Clock(datetime.fromisoformat(now)))) as application:
        for path, headers, times in requests:
            answers = [await application.ask(Request("GET", path, headers=headers)) for _ in range(times)]
            yield [sorted({answer.status for answer in answers}), answers[-1].body.decode()]
async def main():
    return [answer async for answer in read()]
answers = asyncio.run(main())
with socket.socket() as out:
    print(json.dumps([answers, out.connect_ex(("127.0.0.1", listening)), "mlflow" in sys.modules]))
"""

CUT_OFF = ["unshare", "--net"]


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    engine = open_database(home.database_url)
    fill(engine)
    engine.dispose()
    (home.root / "mlflow.db").write_bytes(b"no database")
    shutil.rmtree(home.segments, ignore_errors=True)
    return home


@pytest.fixture
def visitor(home):
    """Headers of a program, and of a browser."""
    engine = open_database(home.database_url)
    actor, token = sign_up(engine, NOW)
    secret, _ = open_session(engine, actor.name, PASSWORD, LATER)
    engine.dispose()
    return by(token), {"cookie": f"{COOKIE}={secret}"}


@pytest.mark.skipif(subprocess.run([*CUT_OFF, "true"], check=False).returncode != 0, reason="needs the right to leave the network")
@pytest.mark.parametrize("cut_off", [True, False])
def test_last_list_and_its_page_are_served_and_stale_without_network(home, visitor, cut_off):
    program, browser = visitor
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        about = [str(home.root), LATER.isoformat(), port, [["/v1/rankings", program, READS], ["/", browser, 1]]]
        command = [*(CUT_OFF if cut_off else []), sys.executable, "-c", PROGRAM, json.dumps(about)]
        answered, refused, mlflow = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    (status, body), (page_status, page) = answered

    assert ([200], [200]) == (status, page_status)
    assert json.loads(body)["stale"] is True
    assert {"published_at", "data_through"} <= json.loads(body)["ranking"].keys()
    assert "应有更新的清单" in page
    assert (cut_off, False) == (bool(refused), mlflow)
