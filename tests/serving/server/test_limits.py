import asyncio

import pytest
from fastapi.routing import iter_route_contexts

from serving.app import create_app
from serving.server import limits
from serving.server.limits import MAKES_A_FILE, Capacity, ConcurrencyLimit, RefuseAtOnce, Slots
from serving.settings import Settings
from tests.support.access_matrix import Application, Request


class Busy:
    """An application that answers nobody before it is told to; it reads the body first."""

    def __init__(self, *, fails=False):
        self.done, self.fails = asyncio.Event(), fails

    async def __call__(self, scope, receive, send):
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
        await self.done.wait()
        if self.fails:
            raise ZeroDivisionError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


def limited(app, running, waiting):
    capacity = Capacity(running, waiting)
    return RefuseAtOnce(ConcurrencyLimit(app, capacity), capacity)


async def crowd(running, paths, *, waiting=0, fails=False):
    """Return the answers to requests that all come before the first of them is done, and to one that comes afterwards."""
    busy = Busy(fails=fails)
    application = Application(limited(busy, running, waiting), {})
    asked = [asyncio.create_task(application.ask(Request("GET", path))) for path in paths]
    for _ in range(10):
        await asyncio.sleep(0)
    busy.done.set()
    first = await asyncio.gather(*asked, return_exceptions=True)
    busy.fails = False
    return first, await application.ask(Request("GET", "/"))


def test_concurrency_limit_is_full_refuses_the_rest():
    answers, later = asyncio.run(crowd(2, ["/v1/rankings"] * 5))

    assert [200, 200, 503, 503, 503] == [answer.status for answer in answers]
    assert {"5"} == {answer.headers["retry-after"] for answer in answers[2:]}
    assert 200 == later.status


async def crowd_that_asks_for_files(number):
    """Return the answers to requests that make a file, and the one to a reader who comes while they work."""
    busy = Busy()
    application = Application(limited(busy, number, 0), {})
    files = [asyncio.create_task(application.ask(Request("GET", "/brief/file"))) for _ in range(number)]
    reader = asyncio.create_task(application.ask(Request("GET", "/v1/rankings")))
    for _ in range(10):
        await asyncio.sleep(0)
    busy.done.set()
    return [answer.status for answer in await asyncio.gather(*files, reader)]


def test_concurrency_limit_requests_that_make_files_leave_slots_to_readers():
    assert [200, 200, 503, 503, 200] == asyncio.run(crowd_that_asks_for_files(4))


def test_every_request_that_makes_a_file_is_a_route(home):
    """A route that is renamed would leave the few slots without a word."""
    routes = iter_route_contexts(create_app(Settings(), home).routes)
    served = {(method, route.path) for route in routes for method in route.methods or ()}
    made = {(method, path) for method, path in served if MAKES_A_FILE.match(f"{method} {path}")}

    assert made == {
        ("GET", "/brief/file"),
        ("GET", "/reports/{name}/file"),
        ("GET", "/reports/template/file"),
        ("GET", "/verifications/{name}/file"),
        ("GET", "/v1/reports/{name}"),
        ("GET", "/audit.csv"),
        ("POST", "/export"),
        ("POST", "/v1/exports"),
        ("POST", "/score"),
        ("POST", "/v1/scores"),
    }


def test_concurrency_limit_has_waiting_places_serves_those_in_turn():
    answers, _ = asyncio.run(crowd(2, ["/v1/rankings"] * 5, waiting=2))

    assert [200, 200, 200, 200, 503] == [answer.status for answer in answers]


def test_concurrency_limit_waits_too_long_refuses(monkeypatch):
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.0)

    async def ask():
        busy = Busy()
        application = Application(limited(busy, 1, 10), {})
        running = asyncio.create_task(application.ask(Request("GET", "/")))
        await asyncio.sleep(0)
        refused = await application.ask(Request("GET", "/"))
        busy.done.set()
        return refused.status, (await running).status

    assert (503, 200) == asyncio.run(ask())


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/static/yujing.css"])
def test_concurrency_limit_is_full_answers_health_and_metrics(path):
    answers, _ = asyncio.run(crowd(1, ["/v1/rankings", path, "/v1/rankings"]))

    assert [200, 200, 503] == [answer.status for answer in answers]


def test_concurrency_limit_request_fails_frees_its_slot():
    answers, later = asyncio.run(crowd(1, ["/v1/rankings"], fails=True))

    assert [ZeroDivisionError] == [type(answer) for answer in answers]
    assert 200 == later.status


class Sender:
    """A client whose body comes in two parts, the second when it is told to."""

    def __init__(self):
        self.parts = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b"}]
        self.complete = asyncio.Event()
        self.status = None

    async def receive(self):
        if len(self.parts) == 1:
            await self.complete.wait()
        return self.parts.pop(0)

    async def send(self, message):
        self.status = message.get("status", self.status)

    async def run(self, limit):
        await limit({"type": "http", "method": "GET", "path": "/login", "headers": [(b"content-length", b"2")]}, self.receive, self.send)


def test_concurrency_limit_bodies_are_awaited_without_a_slot():
    async def ask():
        busy = Busy()
        limit = limited(busy, 1, 0)
        slow = [Sender() for _ in range(3)]
        tasks = [asyncio.create_task(sender.run(limit)) for sender in slow]
        await asyncio.sleep(0)
        busy.done.set()
        meanwhile = await Application(limit, {}).ask(Request("GET", "/"))
        busy.done.clear()
        for sender in slow:
            sender.complete.set()
        for _ in range(10):
            await asyncio.sleep(0)
        busy.done.set()
        await asyncio.gather(*tasks)
        return meanwhile.status, [sender.status for sender in slow]

    assert (200, [200, 503, 503]) == asyncio.run(ask())


def test_concurrency_limit_answer_that_nobody_reads_holds_no_slot():
    async def ask():
        limit, begun, unread = limited(Busy(), 1, 0), asyncio.Event(), asyncio.Event()
        limit.app.app.done.set()

        async def receive():
            return {"type": "http.request"}

        async def send(message):
            begun.set()
            await unread.wait()

        slow = asyncio.create_task(limit({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send))
        await begun.wait()
        meanwhile = await Application(limit, {}).ask(Request("GET", "/"))
        slow.cancel()
        return meanwhile.status

    assert 200 == asyncio.run(ask())


class Moments:
    """A clock that a test moves, in the place of the loop's."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)


def test_slots_line_that_moves_slowly_is_refused_at_once(monkeypatch):
    """Four leave in two seconds: the next but one would wait a second, and the one behind it more."""

    async def run():
        monkeypatch.setattr(limits, "SMOOTHING", 1.0)
        slots, clock = Slots(1, 100), Moments(monkeypatch)
        await slots.take()
        line = [asyncio.create_task(slots.take()) for _ in range(7)]
        await asyncio.sleep(0)
        foreseen = []
        for _ in range(4):
            clock.now += 0.3
            slots.release()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            foreseen.append(slots.in_vain)
        for waiting in line:
            waiting.cancel()
        return foreseen

    assert [False, True, True, False] == asyncio.run(run())


def test_refusals_beyond_so_many_a_second_are_held_back_for_at_most_a_second(monkeypatch):
    async def run():
        held = []
        clock = Moments(monkeypatch)

        async def sleep(seconds):
            held.append(round(seconds, 3))

        monkeypatch.setattr(limits.asyncio, "sleep", sleep)
        limit = limited(Busy(), 1, 0)
        await limit._capacity._reading.take()
        for _ in range(503):
            await Application(limit, {}).ask(Request("GET", "/"))
        first = held[:2] + held[-3:]
        clock.now += 3.0
        await Application(limit, {}).ask(Request("GET", "/"))
        return first, len(held)

    assert ([0.002, 0.004, 1.0, 1.0, 1.0], 502) == asyncio.run(run())
