"""How many requests a second one worker answers, beside a bare route that returns the same bytes."""

import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product

import pytest
from httpx2 import Client

from features.database.engine import open_database
from features.home import Home
from serving.entry import Origin, to_body
from serving.ledger import publish
from tests.serving.api.test_server import PROGRAM
from tests.serving.api.townships import grid_rows
from tests.serving.visitors import sign_up

LEAST = 0.7
ROUNDS, SECONDS = 3, 3
BARE = """
import sys
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
BODY = Path(sys.argv[1]).read_bytes()
async def read(_):
    return Response(BODY, media_type="application/json")
uvicorn.run(Starlette(routes=[Route("/v1/rankings", read)]), port=int(sys.argv[2]), access_log=False)
"""
PORTS = {"bare": 18_771, "yujing": 18_772}


@contextmanager
def serving(program, *arguments):
    """Run a server in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    try:
        next(line for line in process.stderr if "running on" in line)
        yield
    finally:
        process.kill()
        process.stderr.close()
        process.wait()


def rate(port, header):
    """Return requests a second, all of them answered with 200."""
    address = f"http://127.0.0.1:{port}/v1/rankings?limit=100"
    said = subprocess.run(
        ["wrk", "--threads", "1", "--connections", "16", "--duration", f"{SECONDS}s", "--header", header, address],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Non-2xx" not in said
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])


@pytest.fixture
def wide(tmp_path):
    """A home with one list of 500 grids, and a token that reads it."""
    home, now = Home(tmp_path / "home"), datetime.now(UTC)
    rows = {f"{row.grid_id}{n}": row.model_copy(update={"grid_id": f"{row.grid_id}{n}"}) for n, row in product(range(25), grid_rows())}
    engine = open_database(home.database_url)
    origin = Origin(now.date(), "escalation", 14, "a" * 64, "1", 100, now, "0.1.0", 0)
    publish(engine, origin, to_body({"grid": rows, "community": {}, "township": {}, "district": {}}), now)
    _, token = sign_up(engine, now)
    engine.dispose()
    return home, token


@pytest.mark.full
@pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk as the load: a Python client measures itself")
def test_rankings_keep_up_with_a_bare_route(wide, tmp_path):
    home, token = wide
    header = f"Authorization: Bearer {token}"
    body = tmp_path / "body.json"
    with serving(PROGRAM, home.root, PORTS["yujing"]):
        with Client(headers=dict([header.split(": ")])) as client:
            page = client.get(f"http://127.0.0.1:{PORTS['yujing']}/v1/rankings?limit=100")
        body.write_bytes(page.content)
        with serving(BARE, body, PORTS["bare"]):
            rates = [{name: rate(port, header) for name, port in PORTS.items()} for _ in range(ROUNDS)]
    ratios = sorted(each["yujing"] / each["bare"] for each in rates)

    assert len(page.json()["rows"]) == 100
    assert LEAST <= ratios[ROUNDS // 2], rates
