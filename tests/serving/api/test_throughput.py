"""How many requests a second one worker answers, beside a bare route that returns the same bytes."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from itertools import product
from statistics import median

import pytest
from httpx2 import Client

from features.database.engine import open_database
from features.storage.home import Home
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from tests.support.servers import PROGRAM, served, started
from tests.support.townships import grid_rows
from tests.support.visitors import sign_up

LEAST = 0.4
"""Measured: .5 to .75, by what else the machine does; without the memory .06."""
ROUNDS, SECONDS = 15, 1
"""Short rounds in turn: whatever else the machine does slows both servers of a round alike, or is an outlier that the median leaves out."""
BARE = """
import sys
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
port, file = sys.argv[1:]
BODY = Path(file).read_bytes()
async def read(_):
    return Response(BODY, media_type="application/json")
uvicorn.run(Starlette(routes=[Route("/v1/rankings", read)]), port=int(port), access_log=False)
"""
WITHOUT_MEMORY = f"""
from datetime import timedelta
from serving.server import response_cache
response_cache.KEPT_FOR = timedelta(0)
{PROGRAM}
"""


def rate(port, header):
    """Return requests a second, all of them answered with 200."""
    address = f"http://127.0.0.1:{port}/v1/rankings?limit=100"
    said = subprocess.run(
        ["wrk", "--threads", "1", "--connections", "16", "--duration", f"{SECONDS}s", "--header", header, address],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Non-2xx" not in said
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])


def share(server, bare, header):
    """Return the median over rounds of a server's rate as a share of the bare route's, measured just before and just after it."""
    shares, before = [], rate(bare.port, header)
    for _ in range(ROUNDS):
        own, after = rate(server.port, header), rate(bare.port, header)
        shares.append(2 * own / (before + after))
        before = after
    return median(shares)


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
def test_rankings_keep_up_with_a_bare_route_which_they_could_not_without_memory(wide, tmp_path, record_property):
    home, token = wide
    header = f"Authorization: Bearer {token}"
    file = tmp_path / "body.json"
    with served(home) as server, served(home, WITHOUT_MEMORY) as forgetful:
        with Client(headers=dict([header.split(": ")])) as client:
            page = client.get(f"http://127.0.0.1:{server.port}/v1/rankings?limit=100")
        file.write_bytes(page.content)
        with started(BARE, str(file)) as bare:
            usual, without_memory = (share(each, bare, header) for each in (server, forgetful))

    record_property("requests a second as a share of a bare route, with the memory and without", f"{usual:.2f}, {without_memory:.2f}")
    assert len(page.json()["rows"]) == 100
    assert without_memory < LEAST <= usual
