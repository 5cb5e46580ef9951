"""Nobody reads beyond their own area, and nobody does what their role does not name: every route, asked by everybody."""

import asyncio
import json
import random
from datetime import timedelta
from itertools import product

import pytest
from fastapi.routing import iter_route_contexts

from serving import ledger
from serving.access.actor import EVERYTHING, RIGHTS, Role
from serving.api.access import Needs
from serving.api.app import create_app
from serving.api.shelf import PublishedList
from tests.serving.api.matrix import Request, by, operations, requests_of, running
from tests.serving.api.test_access import calls
from tests.serving.api.townships import NOW, TOWNSHIPS, canaries, place, township
from tests.serving.visitors import Clock

MISSING = {True: "999999999", False: "9999x"}
"""Ids of nothing, by whether they are numbers."""
HELD = ({}, {"If_None_Match": "*"})
"""What a reader may claim to hold already."""


def leaked(answer, number):
    """Return what an answer to someone of one township tells about the others."""
    return [canary for other in TOWNSHIPS if other != number for canary in canaries(other) if canary in answer.text]


async def walk(app, accounts, most):
    """Ask so many things about anything, as anybody, as often of every path; return what leaked and how often one saw one's own."""
    leaks, seen, rng = [], 0, random.Random(1)  # noqa: S311 - a choice of questions, no secret
    by_path = {}
    for request in requests_of(app.openapi()):
        by_path.setdefault(request.path, []).append(request)
    things = [thing for number in TOWNSHIPS for thing in place(number)]
    async with running(app) as application:
        for asked in range(most):
            (number, role), token = rng.choice(list(accounts.items()))
            thing = rng.choice(rng.choice((things, place(number))))
            request = rng.choice(list(by_path.values())[asked % len(by_path)]).about(thing)
            answer = await application.ask(request.with_headers(**by(token), **rng.choice(HELD)))
            seen += f"canary{number}" in answer.text
            leaks += [(role, number, request, canary) for canary in leaked(answer, number)]
    return leaks, seen


def test_matrix_ten_thousand_questions_leak_nothing(app, accounts, dialect):
    """Where the database has a wall of its own, a quarter of them finds out whether it stands in the way."""
    most = {"sqlite": 10_000, "postgresql": 2_500}[dialect]
    leaks, seen = asyncio.run(walk(app, {key: token for key, token in accounts.items() if key[0]}, most))

    assert leaks == []
    assert seen > most // 100


def test_matrix_query_without_its_scope_is_caught_on_postgresql_by_the_second_wall_too(townships, accounts, dialect, monkeypatch):
    """What a worker holds in memory has one wall; what it asks the database for has two where that is PostgreSQL."""
    tomorrow = create_app(townships.settings, townships.home, Clock(NOW + timedelta(days=1)))
    within = PublishedList.within
    monkeypatch.setattr(PublishedList, "within", lambda listed, scope, level, node=None: within(listed, EVERYTHING, level, node))
    monkeypatch.setattr(ledger, "_visible", lambda scope, body: True)

    leaks, _ = asyncio.run(walk(tomorrow, {(2, Role.TOWNSHIP): accounts[2, Role.TOWNSHIP]}, 1_000))

    leaking = {part for _, _, request, _ in leaks for part in request.path.split("/")}
    assert leaking >= {"rankings", "areas"}
    assert ("grids" in leaking) is (dialect == "sqlite")


def test_foreign_and_missing_are_answered_with_the_same_bytes(app, accounts):
    async def run():
        async with running(app) as application:
            for request in requests_of(app.openapi()):
                if "{object}" not in request.path:
                    continue
                mine = request.with_headers(**by(accounts[1, Role.TOWNSHIP]))
                pairs = [(thing, MISSING[thing.isdecimal()]) for thing in place(2)[2:]]
                answers.extend([[await application.ask(mine.about(each)) for each in pair] for pair in pairs])

    answers = []
    asyncio.run(run())

    assert [pair for pair in answers if pair[0] != pair[1]] == []
    assert 404 in {missing.status for _, missing in answers}


def test_foreign_etag_is_never_unchanged_and_foreign_cursor_never_a_place(app, accounts):
    async def run():
        async with running(app) as application:
            theirs, mine = by(accounts[2, Role.TOWNSHIP]), by(accounts[1, Role.TOWNSHIP])
            for query in ((("level", "grid"), ("limit", "2")), (("level", "community"), ("limit", "1"))):
                foreign = await application.ask(Request("GET", "/v1/rankings", query, headers=theirs))
                own = Request("GET", "/v1/rankings", query, headers=mine).with_headers(If_None_Match=foreign.headers["etag"])
                cursor = json.loads(foreign.body)["next"]
                statuses.append((await application.ask(own)).status)
                statuses.append((await application.ask(Request("GET", "/v1/rankings", (("cursor", cursor),), headers=mine))).status)

    statuses = []
    asyncio.run(run())

    assert statuses == [200, 422, 200, 422]


def test_sums_of_one_township_alone_are_on_its_roll_up(app, accounts):
    async def run():
        async with running(app) as application:
            for level in ("community", "township", "district"):
                request = Request("GET", "/v1/rankings", (("level", level),), headers=by(accounts[3, Role.COMMAND]))
                found.append([row["path"] for row in json.loads((await application.ask(request)).body)["rows"]])

    found = []
    asyncio.run(run())

    assert found == [[f"{township(3)}/990131", f"{township(3)}/990132"], [township(3)], []]


def allowed(app):
    """Return per method and path of the description who may ask, by the role table."""
    rights = {}
    for route in iter_route_contexts(app.routes):
        needed = [call.right for call in calls(route) if isinstance(call, Needs)]
        rights |= {(method, route.path): {role for role in Role if needed[0] in RIGHTS[role]} for method in route.methods or () if needed}
    return rights


def test_nobody_does_what_their_role_does_not_name(app, accounts):
    described = [(method, path) for method, path, _ in operations(app.openapi()) if (method, path) in allowed(app)]

    async def run():
        async with running(app) as application:
            for (method, path), role in product(described, Role):
                request = Request(method, path.replace("{", "").replace("}", ""), body="{}")
                answer = await application.ask(request.with_headers(**by(accounts[0, role])))
                found[method, path, role] = answer.status
                nobody.add((await application.ask(request)).status)

    found, nobody = {}, set()
    asyncio.run(run())

    assert [key for key, status in found.items() if (status == 403) is (key[2] in allowed(app)[key[:2]])] == []
    assert {401} == nobody
    assert len(described) >= 6


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "TRACE"])
def test_other_verbs_do_nothing(app, accounts, method):
    known = {(verb, path) for verb, path, _ in operations(app.openapi())}

    async def run():
        async with running(app) as application:
            for _, path in sorted(known):
                if (method, path) not in known:
                    request = Request(method, path.replace("{", "").replace("}", ""), body="{}")
                    found.add((await application.ask(request.with_headers(**by(accounts[0, Role.COMMAND])))).status)

    found = set()
    asyncio.run(run())

    assert found == {405}
