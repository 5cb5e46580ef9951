import asyncio

import pytest

from serving.api.turnstile import Turnstile
from tests.serving.api.matrix import Application, Request


class Busy:
    """An application that answers nobody before it is told to."""

    def __init__(self, *, fails=False):
        self.done, self.fails = asyncio.Event(), fails

    async def __call__(self, scope, receive, send):
        await self.done.wait()
        if self.fails:
            raise ZeroDivisionError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


async def crowd(most, paths, *, fails=False):
    """Return the answers to requests that all come before the first of them is done, and to one that comes afterwards."""
    busy = Busy(fails=fails)
    application = Application(Turnstile(busy, most), {})
    asked = [asyncio.create_task(application.ask(Request("GET", path))) for path in paths]
    await asyncio.sleep(0)
    busy.done.set()
    first = await asyncio.gather(*asked, return_exceptions=True)
    busy.fails = False
    return first, await application.ask(Request("GET", "/"))


def test_requests_beyond_the_most_are_told_to_come_back():
    answers, later = asyncio.run(crowd(2, ["/v1/rankings"] * 5))

    assert [200, 200, 503, 503, 503] == [answer.status for answer in answers]
    assert {"5"} == {answer.headers["retry-after"] for answer in answers[2:]}
    assert 200 == later.status


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_how_the_service_is_can_be_asked_when_it_is_full(path):
    answers, _ = asyncio.run(crowd(1, ["/v1/rankings", path, "/v1/rankings"]))

    assert [200, 200, 503] == [answer.status for answer in answers]


def test_request_that_failed_makes_room():
    answers, later = asyncio.run(crowd(1, ["/v1/rankings"], fails=True))

    assert [ZeroDivisionError] == [type(answer) for answer in answers]
    assert 200 == later.status
