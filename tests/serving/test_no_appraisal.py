"""A crawl of everything that can be read, as every role: no order of units by what they did, and nothing of who answered when."""

import asyncio
import io
import json
import random
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from itertools import product
from urllib.parse import parse_qsl, urlsplit

import openpyxl
import pytest
from fastapi import FastAPI

from serving.accounts.permissions import Role
from serving.alerts.queries import Wanted, list_alerts
from serving.app import create_app
from serving.scoring import rollups
from tests.serving.api.test_matrix import pages_of
from tests.support.access_matrix import ANY_OBJECT, Answer, Request, by, operations, requests_of, running
from tests.support.appraised import GROUPS, TOWNSHIPS, Drawn, answer, draw, fill, order_in
from tests.support.databases import Databases
from tests.support.published_world import World, new_world
from tests.support.townships import NOW, OVERSEER
from tests.support.visitors import Clock, sign_up

pytestmark = pytest.mark.dialect("sqlite")

LATER = NOW + timedelta(hours=20)
OWN = TOWNSHIPS[1]
"""Township of readers who do not see the whole."""
BY_CHANCE = re.compile(r'<!-- [0-9a-f]* -->|name="key" value="[\w-]*"|"next":"[\w-]*"')
"""Padding of pages, keys of forms, and signatures of cursors."""
LINK = re.compile(r'(?:href|src)="(/[^"#]*)')
SHEET = "application/vnd.openxmlformats"
EXPORTS = [("csv", "township"), ("csv", "community"), ("csv", "grid"), ("xlsx", "township"), ("xlsx", "community")]
"""As many as an account may take in a day."""
EVERYBODY = list(product(Role, ("", OWN)))
FEW = pytest.param([(Role.COMMAND, ""), (Role.TOWNSHIP, OWN)], 50, id="two readers")
ALL = pytest.param(EVERYBODY, 600, id="everybody", marks=pytest.mark.full)

Crawled = dict[Request, Answer]


@dataclass(frozen=True)
class District:
    """A home whose staff answered alerts, and tokens of those who read about it."""

    world: World
    readers: Mapping[tuple[Role, str], str]
    """By role and scope; none of them answered anything."""
    kept: dict[tuple[Role, str, int], Crawled] = field(default_factory=dict)
    """Crawls that were made: an account may export five times a day."""

    @property
    def app(self) -> FastAPI:
        return create_app(self.world.settings, self.world.home, Clock(LATER))

    def crawl(self, role: Role, scope: str, most: int) -> Crawled:
        """Ask for everything that can be named and everything that is linked, so many questions at most."""
        if (role, scope, most) not in self.kept:
            self.kept[role, scope, most] = asyncio.run(_crawl(self.app, by(self.readers[role, scope]), self._objects(), most))
        return self.kept[role, scope, most]

    def _objects(self) -> list[str]:
        (first,) = list_alerts(self.world.engine, OVERSEER, Wanted(area=OWN), 1)
        path = first.path.rpartition("/")[0]
        return [first.alert_id, first.grid_id, path, OWN, OWN.rpartition("/")[2]]


async def _crawl(app: FastAPI, headers: dict[str, str], objects: Collection[str], most: int) -> Crawled:
    description, crawled = app.openapi(), Crawled()
    plain = [Request("GET", path) for method, path, _ in operations(description) if method == "GET" and "{" not in path]
    named = [each for each in requests_of(description) if each.method == "GET"] + pages_of(app)
    exports = [json.dumps({"level": level, "purpose": "study", "format": kind}) for kind, level in EXPORTS]
    waiting = deque([*plain, *(Request("POST", "/v1/exports", body=body) for body in exports)])
    asked = [each.about(thing) for each in named for thing in (objects if ANY_OBJECT in f"{each}" else objects[:1])]
    random.Random(1).shuffle(asked)  # noqa: S311 - an order, no secret
    waiting += asked
    async with running(app) as application:
        while waiting and len(crawled) < most:
            request = waiting.popleft()
            if request not in crawled:
                crawled[request] = await application.ask(request.with_headers(**headers))
                waiting += _links(crawled[request])
    return crawled


def _links(found: Answer) -> list[Request]:
    if not found.headers.get("content-type", "").startswith("text/html"):
        return []
    parts = [urlsplit(unescape(link)) for link in LINK.findall(found.body.decode())]
    return [Request("GET", part.path, tuple(parse_qsl(part.query))) for part in parts if not part.path.startswith(("/static", "/logout"))]


def text_of(found: Answer) -> str:
    if found.headers.get("content-type", "").startswith(SHEET):
        sheets = openpyxl.load_workbook(io.BytesIO(found.body))
        return "\n".join(str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row)
    return found.text


def appraising(crawled: Crawled, drawn: Drawn) -> list[Request]:
    """Return what was asked where the answer names units in an order that appraises them."""
    texts = {request: text_of(found) for request, found in crawled.items() if found.status == 200}
    return [request for request, text in texts.items() if any(order_in(text, units) in drawn.appraising(units) for units in GROUPS)]


def ordered(crawled: Crawled) -> int:
    """Return how many answers name all townships, or all communities of one."""
    return sum(any(order_in(text_of(found), units) for units in GROUPS) for found in crawled.values() if found.status == 200)


def untold(found: Answer) -> tuple[int, dict[str, str], str]:
    """Return an answer without what differs by chance, and what follows from that."""
    headers = {name: value for name, value in found.headers.items() if name not in {"content-length", "etag", "link"}}
    return found.status, headers, BY_CHANCE.sub("", text_of(replace(found, headers=headers)))


Make = Callable[[int], District]


@pytest.fixture(scope="module")
def make(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Return a function that makes the district; answers go round among the staff of a township, from the worker of a number on."""
    drawn = draw()
    with ExitStack() as stack:
        before = stack.enter_context(new_world(databases, "sqlite", tmp_path_factory.mktemp("before") / "home"))
        staff = fill(before.engine, drawn)
        readers = {reader: sign_up(before.engine, NOW, *reader)[1] for reader in EVERYBODY}
        before.engine.dispose()

        def made(first: int) -> District:
            world = stack.enter_context(new_world(databases, "sqlite", tmp_path_factory.mktemp("answered") / "home", before))
            answer(world.engine, drawn, {unit: [*workers[first:], *workers[:first]] for unit, workers in staff.items()})
            return District(world, readers)

        yield made


@pytest.fixture(scope="module")
def district(make: Make) -> District:
    return make(0)


@pytest.fixture(scope="module")
def other(make: Make) -> District:
    """The same but for who answered."""
    return make(1)


@pytest.mark.parametrize(("readers", "most"), [FEW, ALL])
def test_crawl_finds_no_units_in_an_order_that_appraises_them(district, readers, most, record_property) -> None:
    crawled = [district.crawl(role, scope, most) for role, scope in readers]

    record_property(f"answers to {len(readers)} readers, of which name all units beside each other", _counts(crawled))
    assert [] == [request for each in crawled for request in appraising(each, draw())]
    assert sum(map(ordered, crawled)) > 5


@pytest.mark.parametrize(("readers", "most"), [FEW, ALL])
def test_crawl_is_the_same_whoever_of_a_township_answered_except_to_auditors(district, other, readers, most, record_property) -> None:
    pairs = [(district.crawl(role, scope, most), other.crawl(role, scope, most)) for role, scope in readers if role is not Role.AUDITOR]

    paths = {request.path for each, _ in pairs for request, found in each.items() if found.status == 200}
    record_property(f"routes that tell {len(pairs)} readers the same whoever answered when", len(paths))
    assert [] == [request for one, two in pairs for request in one if untold(one[request]) != untold(two[request])]
    assert [list(one) for one, _ in pairs] == [list(two) for _, two in pairs]


def test_crawl_of_an_auditor_who_asks_for_names_tells_who_answered(district, other) -> None:
    """Answers can differ, or the check above would hold of anything."""
    trail = Request("GET", "/audit.csv", (("names", "true"),))
    one, two = (asyncio.run(_ask(each, trail)) for each in (district, other))

    assert one.status == two.status == 200
    assert untold(one) != untold(two)


async def _ask(district: District, request: Request) -> Answer:
    async with running(district.app) as application:
        return await application.ask(request.with_headers(**by(district.readers[Role.AUDITOR, ""])))


@pytest.mark.full
def test_crawl_units_by_risk_would_be_found(databases: Databases, tmp_path, monkeypatch) -> None:
    roll_up, drawn = rollups.roll_up, draw()
    worst_first = {"key": lambda area: -area.expected_escalations}
    monkeypatch.setattr(
        rollups, "roll_up", lambda *given: {level: sorted(areas, **worst_first) for level, areas in roll_up(*given).items()}
    )
    with new_world(databases, "sqlite", tmp_path / "home") as world:
        fill(world.engine, drawn)
        found = District(world, {(Role.COMMAND, ""): sign_up(world.engine, NOW)[1]}).crawl(Role.COMMAND, "", 100)

    assert {"/v1/exports", "/"} <= {request.path for request in appraising(found, drawn)}


def _counts(crawled: Collection[Crawled]) -> str:
    return f"{sum(map(len, crawled))}, {sum(map(ordered, crawled))}"
