"""Limit the number of concurrent requests; answer 503 with Retry-After beyond it."""

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.server.errors import problem

EXEMPT = frozenset({"/healthz", "/metrics"})
"""Paths that report on the service, which is of most use while it is full."""
WAIT_SECONDS = 2.0
"""Longest wait of a request for one of the running ones to end."""


class ConcurrencyLimit:
    """Run some requests, let some wait for a moment, and refuse the rest.

    A request takes its slot once its body is there, so a client that sends slowly keeps nobody out.
    """

    def __init__(self, app: ASGIApp, running: int, waiting: int) -> None:
        self.app = app
        self._slots = asyncio.Semaphore(running)
        self._waiting = 0
        self._max_waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when there is a slot, or answer 503."""
        if scope["type"] != "http" or scope["path"] in EXEMPT:
            await self.app(scope, receive, send)
        elif _has_body(scope):
            await self._with_body(scope, receive, send)
        elif not await self.take():
            await refuse(scope, receive, send)
        else:
            try:
                await self.app(scope, receive, send)
            finally:
                self.release()

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(self, receive, send)
        try:
            await self.app(scope, body.receive, body.send)
        except ClientDisconnect:
            if not body.refused:
                raise
        finally:
            if body.has_slot:
                self.release()
        if body.refused and not body.answered:
            await refuse(scope, receive, send)

    async def take(self) -> bool:
        """Take a slot, waiting for it if need be; return false where there is none in time."""
        if self._slots.locked() and self._waiting >= self._max_waiting:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def release(self) -> None:
        """Give a slot back."""
        self._slots.release()


class _Body:
    """One request whose body the application reads before it may run."""

    def __init__(self, limit: ConcurrencyLimit, receive: Receive, send: Send) -> None:
        self._limit = limit
        self._receive = receive
        self._send = send
        self.has_slot = False
        self.refused = False
        self.answered = False

    async def receive(self) -> Message:
        """Return the next part of the body; the last one comes with a slot, or not at all."""
        message = await self._receive()
        if self.has_slot or message["type"] != "http.request" or message.get("more_body", False):
            return message
        self.has_slot = await self._limit.take()
        self.refused = not self.has_slot
        return {"type": "http.disconnect"} if self.refused else message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless it is one to the body that was withheld."""
        if not self.refused:
            self.answered = True
            await self._send(message)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer that the service is full."""
    await problem(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests are under way. Try again later.")(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in scope["headers"])
