"""Hidden fields, forged hosts and cells that look like formulas: many at once."""

import asyncio
import copy
import csv
import io
import json
import random
import re
import unicodedata
from itertools import product

from serving.accounts.permissions import Role
from serving.exports import to_csv
from tests.support.access_matrix import Request, by, changes_of, operations, running

HIDDEN = ("role", "jurisdiction", "closed_by", "score", "scope", "administers", "actor_id", "rank")
AREA = {"path": "", "grids": 1, "not_rated": 0, "expected_escalations": 0.1, "variation": 0.0, "usual_level": 0.1}
AREA |= {"priority": 0, "elevated": 0, "watch": 0}
LEADS_AWAY = re.compile(r"(^|[_-])(url|uri|href|host|path|file|filename|folder|callback|redirect|next)([_-]|$)")


def forged_hosts(rng):
    """Return 50 names that are not ours, some of which look like it."""
    made = [f"{rng.choice('abcdefgh')}{number}.example" for number in range(20)]
    near = [
        "localhost.evil.example",
        "evil.localhost",
        "localhost@evil.example",
        "localhost/x",
        "localhost#",
        "localhost?",
        "xlocalhost",
        "localhosts",
    ]
    odd = [
        "",
        "*",
        "::1",
        "0.0.0.0",  # noqa: S104 - nothing listens there
        "127.0.0.2",
        "127.1",
        "localhost ",
        "\tlocalhost",
        "localhost,evil.example",
        "[::]",
        "2130706433",
        "localhost%00",
    ]
    ports = [f"evil.example:{port}" for port in range(8000, 8010)]
    return [*made, *near, *odd, *ports]


def test_forged_hosts_reach_no_route(app, accounts, record_property):
    async def run():
        async with running(app) as application:
            for host, (method, path, _) in product(hosts, operations(app.openapi())):
                request = Request(
                    method, path, body="{}", headers={"host": host, "x-forwarded-host": "localhost"} | by(accounts[0, Role.COMMAND])
                )
                found.add(((await application.ask(request)).status, host))

    hosts, found = forged_hosts(random.Random(2)), set()  # noqa: S311 - made-up names need a seed
    asyncio.run(run())

    record_property("forged hosts on every route", len(hosts))
    assert len(hosts) == 50
    assert [each for each in found if each[0] != 400] == []


def test_thousand_bodies_with_hidden_fields_are_refused(app, accounts):
    changes = changes_of(app.openapi())

    async def run():
        async with running(app) as application:
            for number in range(1_000):
                request = changes[number % len(changes)]
                body = json.dumps(json.loads(request.body) | {rng.choice(HIDDEN): rng.choice(["admin", "", 1, None])})
                sent = Request(request.method, request.path, body=body, headers=by(accounts[0, rng.choice([Role.COMMAND, Role.TOWNSHIP])]))
                statuses.add((await application.ask(sent)).status)

    rng, statuses = random.Random(3), set()  # noqa: S311 - which fields are tried needs a seed
    asyncio.run(run())

    assert statuses <= {403, 404, 422, 428}
    assert 422 in statuses


def test_ten_thousand_cells_run_no_formula(record_property):
    rng = random.Random(7)  # noqa: S311 - made-up cells need a seed
    cells = [
        "".join(rng.choices(" \u3000\u200b\ufeff", k=rng.randrange(3)))
        + rng.choice("=+-@\t\r\0＝＋－＠|")
        + rng.choice(["cmd|' /C calc'!A0", "1+1", "SUM(A1)", ""])
        for _ in range(10_000)
    ]
    text = to_csv("township", [json.dumps(AREA | {"path": cell}).encode() for cell in cells]).decode("utf-8-sig")
    read = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]

    record_property("hostile cells", len(read))
    assert len(read) == 10_000
    assert [cell for cell in read if unicodedata.normalize("NFKC", cell).strip(" \u200b\ufeff").startswith(tuple("=+-@\t\r\n\0|"))] == []


def inputs_that_lead_away(description):
    """Return inputs that look like an address to fetch or a place in the file system, and how many inputs there are."""
    taken = []
    for _, _, about in operations(description):
        taken += [parameter["name"] for parameter in about.get("parameters", [])]
        for content in about.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            schema = description["components"]["schemas"][name] if name else content["schema"]
            taken += schema.get("properties", {})
    return [name for name in taken if LEADS_AWAY.search(name)], len(taken)


def test_no_input_is_an_address_or_a_path(app, record_property):
    leading, taken = inputs_that_lead_away(app.openapi())

    record_property("inputs of the API", taken)
    assert leading == []


def test_input_that_is_an_address_would_be_noticed(app):
    description = copy.deepcopy(app.openapi())
    _, _, about = next(operations(description))
    about["parameters"] = [*about.get("parameters", []), {"name": "callback_url", "in": "query"}]

    assert inputs_that_lead_away(description)[0] == ["callback_url"]
