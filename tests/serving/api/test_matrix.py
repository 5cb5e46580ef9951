"""Nobody reads beyond their own area, and nobody does what their role does not name: every route, asked by everybody."""

import asyncio
import json
import random
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import product

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import true

from serving.accounts.permissions import EVERYTHING, RIGHTS, Role
from serving.app import create_app
from serving.rankings import ledger, list_rows
from serving.server.auth import Needs
from serving.server.list_cache import PublishedList
from tests.serving.server.test_auth import calls
from tests.support.access_matrix import Request, by, operations, requests_of, running
from tests.support.townships import NOW, TOWNSHIPS, canaries, named, township
from tests.support.visitors import Clock

MISSING = {True: "999999999", False: "9999x"}
"""Ids of nothing, by whether they are numbers."""
HELD = ({}, {"If_None_Match": "*"})
"""Entity tags that a reader may send."""


@pytest.fixture
def things(townships):
    return named(townships.engine)


@pytest.fixture
def local(accounts):
    """Everybody who sees one township."""
    return {key: token for key, token in accounts.items() if key[0]}


def leaked(request, answer, number):
    """Return what an answer to someone of one township tells about the others, other than what they were asked about by."""
    told = [canary for other in TOWNSHIPS if other != number for canary in canaries(other) if canary in answer.text]
    return [canary for canary in told if canary not in f"{request.path} {request.query} {request.body}"]


async def walk(app, asked, accounts, things, most):
    """Ask so many things about anything, as anybody, as often of every path; return what leaked, and on which paths one saw one's own."""
    leaks, seen, rng = [], Counter(), random.Random(1)  # noqa: S311 - a choice of questions, no secret
    by_path = {}
    for request in asked:
        by_path.setdefault((request.method, request.path), []).append(request)
    everything = [thing for number in TOWNSHIPS for thing in things[number]]
    async with running(app) as application:
        for count in range(most):
            (number, role), token = rng.choice(list(accounts.items()))
            thing = rng.choice(rng.choice((everything, things[number])))
            key, questions = list(by_path.items())[count % len(by_path)]
            request = rng.choice(questions).about(thing)
            answer = await application.ask(request.with_headers(**by(token), **rng.choice(HELD), Idempotency_Key=f"key-{count:08}"))
            seen[key] += f"canary{number}" in answer.text
            leaks += [(role, number, request, canary) for canary in leaked(request, answer, number)]
    return leaks, seen


def test_matrix_ten_thousand_questions_leak_nothing(app, local, things, dialect, record_property):
    """Where the database has a wall of its own, a quarter of them finds out whether it stands in the way."""
    most = {"sqlite": 10_000, "postgresql": 2_500}[dialect]
    leaks, seen = asyncio.run(walk(app, requests_of(app.openapi()), local, things, most))

    record_property(f"questions asked on {dialect}, and leaks", f"{most}, {len(leaks)}")
    assert leaks == []
    assert seen.total() > most // 150
    assert {"/v1/rankings", "/v1/grids/{object}", "/v1/alerts/{object}", "/v1/alerts/{object}/transitions"} <= {path for _, path in +seen}


def test_matrix_of_pages_leaks_nothing(app, local, things):
    leaks, seen = asyncio.run(walk(app, pages_of(app), local, things, 1_000))

    assert leaks == []
    assert {"/", "/grids", "/grids/{object}", "/alerts", "/alerts/{object}"} <= {path for _, path in +seen}


def pages_of(app):
    """Return every page that asks who is there, about an object or an area."""
    pages = [path.replace("}", "{").split("{") for method, path in allowed(app) if method == "GET" and not path.startswith("/v1/")]
    paths = {"{object}".join(parts[::2]) for parts in pages}
    return [Request("GET", path, query) for path in sorted(paths) for query in ((), (("area", "{object}"),))]


def test_matrix_query_without_its_scope_is_caught_on_postgresql_by_the_second_wall_too(townships, accounts, things, dialect, monkeypatch):
    """What a worker holds in memory has one wall; what it asks the database for has two where that is PostgreSQL."""
    tomorrow = create_app(townships.settings, townships.home, Clock(NOW + timedelta(days=1)))
    within = PublishedList.within
    monkeypatch.setattr(PublishedList, "within", lambda listed, scope, level, node=None: within(listed, EVERYTHING, level, node))
    monkeypatch.setattr(ledger, "_visible", lambda scope, body: True)
    monkeypatch.setattr(list_rows, "_within", lambda scope: true())

    asked = [request for request in requests_of(tomorrow.openapi()) if request.method == "GET"]
    leaks, _ = asyncio.run(walk(tomorrow, asked, {(2, Role.TOWNSHIP): accounts[2, Role.TOWNSHIP]}, things, 1_000))

    leaking = {part for _, _, request, _ in leaks for part in request.path.split("/")}
    assert leaking >= {"rankings", "areas"}
    assert ("grids" in leaking) is (dialect == "sqlite")


def test_foreign_and_missing_are_answered_with_the_same_bytes(app, accounts, things):
    async def run():
        async with running(app) as application:
            for request in requests_of(app.openapi()):
                if "{object}" not in request.path:
                    continue
                mine = request.with_headers(**by(accounts[1, Role.TOWNSHIP]))
                pairs = [(thing, MISSING[thing.isdecimal()]) for thing in things[2][2:]]
                answers.extend([[await application.ask(mine.about(each)) for each in pair] for pair in pairs])

    answers = []
    asyncio.run(run())

    assert [pair for pair in answers if pair[0] != pair[1]] == []
    assert 404 in {missing.status for _, missing in answers}


def test_foreign_etag_of_any_answer_is_never_unchanged(app, accounts, things):
    async def run():
        async with running(app) as application:
            for request in requests_of(app.openapi()):
                for thing in things[2] if request.method == "GET" else ():
                    theirs = await application.ask(request.about(thing).with_headers(**by(accounts[2, Role.TOWNSHIP])))
                    if tag := theirs.headers.get("etag"):
                        mine = request.about(thing).with_headers(**by(accounts[1, Role.TOWNSHIP]), If_None_Match=tag)
                        statuses[request.path].add((await application.ask(mine)).status)

    statuses = defaultdict(set)
    asyncio.run(run())

    assert [path for path, found in statuses.items() if 304 in found] == []
    assert {"/v1/rankings", "/v1/grids/{object}", "/v1/areas/{object}", "/v1/alerts/{object}"} <= set(statuses)


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
    """Return per method and path, of pages too, who may ask by the role table."""
    rights = {}
    for route in iter_route_contexts(app.routes):
        needed = [call.right for call in calls(route) if isinstance(call, Needs)]
        roles = {role for role in Role if needed and (needed[0] is None or needed[0] in RIGHTS[role])}
        rights |= {(method, route.path): roles for method in route.methods or () if needed}
    return rights


def test_nobody_does_what_their_role_does_not_name(app, accounts):
    async def run():
        async with running(app) as application:
            for (method, path), role in product(allowed(app), Role):
                request = Request(method, path.replace("{", "").replace("}", ""), body="{}")
                answer = await application.ask(request.with_headers(**by(accounts[0, role])))
                found[method, path, role] = answer.status
                nobody[path.startswith("/v1/")].add((await application.ask(request)).status)

    found, nobody = {}, {True: set(), False: set()}
    asyncio.run(run())

    assert [(key, status) for key, status in found.items() if (status == 403) is (key[2] in allowed(app)[key[:2]]) or status >= 500] == []
    assert {True: {401}, False: {303}} == nobody
    asked = {(method, path) for method, path, _ in operations(app.openapi()) if path.startswith("/v1/")}
    assert asked - {("POST", "/v1/platforms/{name}/answers")} <= set(allowed(app))  # which a signature opens, and no account


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
