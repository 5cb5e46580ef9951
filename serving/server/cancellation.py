"""Cancel the work for clients that have left: a request that still waits for its turn is dropped, and takes no slot, thread or query."""

import asyncio
from http import HTTPMethod

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READS = frozenset({HTTPMethod.GET, HTTPMethod.HEAD})
"""Methods of requests that may be left undone; what changes something is carried through."""
CLIENT_CLOSED = 499
"""Status in the log of a request whose client left, as proxies write it."""


class CancelOnDisconnect:
    """Watch the connection while a read is worked on, and cancel the work when the client leaves.

    A step that runs in a thread ends first; what comes after it is not begun.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and end it early where nobody waits for the answer."""
        if scope["type"] != "http" or scope["method"] not in READS:
            await self.app(scope, receive, send)
            return
        client = _Client(receive, send)
        with anyio.CancelScope() as work:
            watcher = asyncio.create_task(client.watch(work))
            try:
                await self.app(scope, client.receive, client.send)
            finally:
                watcher.cancel()
        if work.cancelled_caught and not client.answered:
            await send({"type": "http.response.start", "status": CLIENT_CLOSED, "headers": []})
            await send({"type": "http.response.body"})


class _Client:
    """The two directions of one connection."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self.answered = False

    async def watch(self, work: anyio.CancelScope) -> None:
        """Read the body, then wait for the client to leave, which cancels the work."""
        body_ended = False
        while not body_ended:
            message = await self._receive()
            self._messages.put_nowait(message)
            body_ended = not message.get("more_body", False)
        if message["type"] == "http.disconnect" or (await self._receive())["type"] == "http.disconnect":
            self._messages.put_nowait({"type": "http.disconnect"})
            work.cancel()

    async def receive(self) -> Message:
        """Return the next message of the client."""
        return await self._messages.get()

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        self.answered = True
        await self._send(message)
