"""/metrics answers this machine alone, and names no area and no account."""

import asyncio
import re
from itertools import cycle

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from serving.accounts.accounts import accounts as all_accounts
from tests.support.access_matrix import Request, by, requests_of, running
from tests.support.townships import TOWNSHIPS, canaries, named

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
