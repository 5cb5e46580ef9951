"""Work for clients that have left is not done; work that changes something is."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from serving.server.limits import Capacity, ConcurrencyLimit
from serving.server.middleware import CLIENT_CLOSED, CancelOnDisconnect

REQUEST = {"type": "http.request", "body": b"", "more_body": False}
LEFT = {"type": "http.disconnect"}


class Work:
    """An application that takes a while, and notes what it began and what it finished."""

    def __init__(self) -> None:
        self.begun, self.finished = 0, 0
        self.go_on = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        assert await receive() == REQUEST
        self.begun += 1
        await self.go_on.wait()
        self.finished += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


class Client:
    """A client that waits for its answer, or leaves."""

    def __init__(self, method: str = "GET") -> None:
        self.scope = {"type": "http", "method": method, "path": "/", "headers": []}
        self.left = asyncio.Event()
        self.sent: list[dict] = []
        self._asked = False

    def ask(self, app: Callable[..., Awaitable[None]]) -> asyncio.Task[None]:
        return asyncio.create_task(app(self.scope, self._receive, self._send))

    async def _receive(self) -> dict:
        if not self._asked:
            self._asked = True
            return REQUEST
        await self.left.wait()
        return LEFT

    async def _send(self, message: dict) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("method", "finished", "status"), [("GET", 0, CLIENT_CLOSED), ("HEAD", 0, CLIENT_CLOSED), ("POST", 1, 200)])
def test_client_that_leaves_ends_a_read_and_no_change(method: str, finished: int, status: int) -> None:
    async def leave() -> tuple[Work, Client]:
        work, client = Work(), Client(method)
        asked = client.ask(CancelOnDisconnect(work))
        await settle()
        client.left.set()
        await settle()
        work.go_on.set()
        await asked
        return work, client

    work, client = asyncio.run(leave())
    assert (work.begun, work.finished, client.status) == (1, finished, status)


def test_requests_that_wait_for_a_slot_are_not_begun_when_their_clients_have_left() -> None:
    async def crowd() -> tuple[Work, list[Client]]:
        work, clients = Work(), [Client() for _ in range(4)]
        app = CancelOnDisconnect(ConcurrencyLimit(work, Capacity(running=1, waiting=10)))
        asked = [client.ask(app) for client in clients]
        await settle()
        for client in clients[1:3]:
            client.left.set()
        await settle()
        work.go_on.set()
        await asyncio.gather(*asked)
        return work, clients

    work, clients = asyncio.run(crowd())
    assert [client.status for client in clients] == [200, CLIENT_CLOSED, CLIENT_CLOSED, 200]
    assert (work.begun, work.finished) == (2, 2)


def test_client_that_stays_gets_its_answer_and_errors_pass_as_they_are() -> None:
    async def fail(scope, receive, send) -> None:
        raise ZeroDivisionError

    async def stay() -> Client:
        work, client = Work(), Client()
        work.go_on.set()
        await client.ask(CancelOnDisconnect(work))
        with pytest.raises(ZeroDivisionError):
            await Client().ask(CancelOnDisconnect(fail))
        return client

    assert [message["type"] for message in asyncio.run(stay()).sent] == ["http.response.start", "http.response.body"]
