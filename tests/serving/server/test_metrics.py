"""/metrics answers this machine alone, and names no area and no account."""

import asyncio
import json
import logging
import random
import re
import subprocess
import sys
from collections import Counter
from itertools import cycle

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from serving.accounts.accounts import accounts as all_accounts
from serving.app import create_app
from serving.run import configure_logs
from serving.server.metrics import Refusals, current_id, with_request_id
from tests.support.access_matrix import Request, by, requests_of, running
from tests.support.townships import TOWNSHIPS, canaries, named
from tests.support.visitors import open_client, sign_up

LABEL = re.compile(r'(\w+)="([^"]*)"')


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.1", 404), ("10.0.0.7", 404)])
def test_metrics_are_read_from_named_addresses_alone(app, address, status) -> None:
    with TestClient(app, base_url="http://localhost", client=(address, 50_000)) as client:
        answer = client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})

    assert status == answer.status_code
    assert ("http_requests_total" in answer.text) is (status == 200)


def test_metrics_tell_of_no_area_and_of_no_account(app, accounts, townships) -> None:
    async def run():
        async with running(app) as application:
            for token, number in zip(accounts.values(), cycle(TOWNSHIPS), strict=False):
                for request in requests_of(app.openapi())[::7]:
                    await application.ask(request.about(things[number][-3]).with_headers(**by(token)))
            return (await application.ask(Request("GET", "/metrics"))).text

    things = named(townships.engine)
    told = re.sub(r" \S+$", "", asyncio.run(run()), flags=re.MULTILINE)  # a value may hold the digits of a code by chance
    known = {route.path for route in iter_route_contexts(app.routes)} | {"none"}
    names = [each.actor.name for each in all_accounts(townships.engine)] + [
        each.actor.account_id for each in all_accounts(townships.engine)
    ]

    assert {value for label, value in LABEL.findall(told.replace('\\"', '"')) if label == "handler"} <= known
    assert [word for number in TOWNSHIPS for word in [*canaries(number), *things[number][:-1]] if word in told] == []
    assert [name for name in names if name in told] == []


PLANTED = ("330402198005120012", "13800138000", "wxid_abc12345", "张丽反映", "s3cret-T0ken")


def planted_requests(rng, token):
    """Yield 500 requests that carry what nobody may find again: in path, query, header, cookie and body."""
    for _ in range(500):
        value = rng.choice(PLANTED)
        place = rng.choice(["path", "query", "body", "key", "header", "cookie", "token"])
        yield {
            "method": rng.choice(["GET", "POST", "DELETE", value if value.isascii() and place == "path" else "GET"]),
            "url": f"/v1/grids/{value}" if place == "path" else rng.choice(["/v1/rankings", "/v1/export", "/v1/model", "/nowhere"]),
            "params": {"target" if place == "query" else "limit": value} if place in {"query", "key"} else {},
            "json": {value: value, "purpose": value} if place in {"body", "key"} else None,
            "headers": {"X-Note": value.encode()}
            | ({"Cookie": f"yujing_session={value}".encode()} if place == "cookie" else {})
            | ({} if place == "cookie" else {"Authorization": f"Bearer {value if place == 'token' else token}".encode()}),
        }


def test_what_is_sent_is_in_no_log_and_no_metric(shared_world, clock, capfd, monkeypatch, record_property):
    actor, token = sign_up(shared_world.engine, clock.now)
    monkeypatch.setattr("serving.api.routes.service.publications", lambda _: int(PLANTED[-1]))
    configure_logs()
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the client of this test, which is no part of the service
    with open_client(create_app(shared_world.settings, shared_world.home, clock)) as client:
        statuses = [client.request(**request).status_code for request in planted_requests(random.Random(1), token)]  # noqa: S311
        metrics = client.get("/metrics").text
    written = capfd.readouterr().err + metrics

    record_property("requests with planted secrets", len(statuses))
    assert {200, 401, 404, 405, 422, 500} <= set(statuses)
    assert [line for line in written.splitlines() for value in (*PLANTED, token, actor.name) if value in line] == []


def test_lines_are_json_and_name_the_route(shared_world, clock, token, capfd):
    configure_logs()
    with open_client(create_app(shared_world.settings, shared_world.home, clock), token) as client:
        client.get("/v1/rankings")
        client.get("/v1/grids/nowhere")
    (line,) = [json.loads(line) for line in capfd.readouterr().err.splitlines() if '"request"' in line]

    assert ("request", "GET", "/v1/grids/{grid_id}", 404) == tuple(line[name] for name in ("event", "method", "route", "status"))


def test_flood_of_refusals_leaves_a_line_and_a_count(shared_world, clock, capfd):
    configure_logs()
    with open_client(create_app(shared_world.settings, shared_world.home, clock)) as client:
        statuses = [client.get(path).status_code for path in ["/v1/rankings"] * 100 + ["/nowhere"] * 2]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "yujing.requests" in line]
    written, counted = Counter(), Counter()
    for line in lines:
        (counted if "count" in line else written)[line["route"], line["status"]] += line.get("count", 1)

    assert [401] * 100 + [404] * 2 == statuses
    assert {("/v1/rankings", 401): 100, (None, 404): 2} == written + counted
    assert {("/v1/rankings", 401), (None, 404)} == set(written)
    assert 100 > len(lines)


@pytest.mark.parametrize("flood", [1, 3])
def test_refusals_counts_those_beyond_the_first_of_a_second(flood, capfd):
    async def run():
        refusals = Refusals()
        alone = [refusals.add(("GET", "/v1/rankings", 503)) for _ in range(flood)]
        refusals.write()
        return [*alone, refusals.add(("GET", "/v1/rankings", 503))]

    configure_logs()
    assert [False] + [True] * (flood - 1) + [False] == asyncio.run(run())
    assert [flood - 1] * (flood > 1) == [json.loads(line)["count"] for line in capfd.readouterr().err.splitlines()]


def test_line_that_is_logged_during_a_request_carries_its_id():
    async def run():
        tokens = [current_id.set("one"), with_request_id(None, "", {}), with_request_id(None, "", {"request_id": "given"})]
        current_id.reset(tokens[0])
        return [*tokens[1:], with_request_id(None, "", {})]

    assert [{"request_id": "one"}, {"request_id": "given"}, {}] == asyncio.run(run())


def test_log_that_writes_messages_of_errors_would_be_found():
    """The check above can fail: Python's own words on an error repeat what was sent."""
    program = "import logging\ntry: int('s3cret-T0ken')\nexcept ValueError: logging.getLogger().exception('failed')"
    ours = f"from serving.run import configure_logs\nconfigure_logs()\n{program}"

    assert PLANTED[-1] in subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    told = json.loads(subprocess.run([sys.executable, "-c", ours], capture_output=True, text=True, check=True).stderr)
    assert ("ValueError", "failed") == (told["failed"], told["event"])
