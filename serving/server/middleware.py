"""Layers around all routes: the path of a site, HEAD wherever GET is answered, and the end of work for clients that have left.

Under a path of a site, such as /yujing, requests lose the prefix, and addresses in answers get it. Routes, pages and links are written as
if the service stood at the root; here alone they learn that it does not. A proxy may take the prefix off or leave it on. A request that
still waits for its turn when its client leaves is dropped, and takes no slot, thread or query.
"""

import asyncio
import re
from http import HTTPMethod

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = re.compile(rb'(\s(?:href|src|action|formaction|content|data-[a-z-]+)=")/(?!/)')
"""Attribute of HTML that holds an address of this site; texts cannot look like one, for their quotation marks are escaped."""
IN_JSON = re.compile(rb'("(?:start_url|scope|src|url|id)"\s*:\s*")/(?!/)')
"""The same in the manifest of the app."""
REWRITTEN = {b"text/html": ADDRESS, b"application/manifest+json": IN_JSON}

READS = frozenset({HTTPMethod.GET, HTTPMethod.HEAD})
"""Methods of requests that may be left undone; what changes something is carried through."""
CLIENT_CLOSED = 499
"""Status in the log of a request whose client left, as proxies write it."""


class PathPrefix:
    """Take the prefix off what comes in and put it on what goes out."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as if it had been made to the root."""
        if scope["type"] != "http" or not self._prefix:
            await self.app(scope, receive, send)
            return
        if scope["path"] == self._prefix or scope["path"].startswith(f"{self._prefix}/"):
            scope["path"] = scope["path"].removeprefix(self._prefix) or "/"
            scope["raw_path"] = scope["path"].encode()
        await self.app(scope, receive, _Rewriting(send, self._prefix.encode()).send)


class _Rewriting:
    """One answer: its start waits until it is known how long the rewritten body is."""

    def __init__(self, send: Send, prefix: bytes) -> None:
        self._send = send
        self._prefix = prefix
        self._start: Message | None = None
        self._pattern: re.Pattern[bytes] | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass a message on, rewritten where it holds addresses."""
        if message["type"] == "http.response.start":
            message = {**message, "headers": [(name, self._header(name, value)) for name, value in message["headers"]]}
            kind = dict(message["headers"]).get(b"content-type", b"").partition(b";")[0]
            self._pattern = REWRITTEN.get(kind)
            if self._pattern is None:
                await self._send(message)
            else:
                self._start = message
        elif self._start is None or self._pattern is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_rewritten(self._start, self._pattern)

    async def _send_rewritten(self, start: Message, pattern: re.Pattern[bytes]) -> None:
        body = pattern.sub(rb"\g<1>" + self._prefix + b"/", self._body)
        headers = [(name, str(len(body)).encode() if name == b"content-length" and body else value) for name, value in start["headers"]]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _header(self, name: bytes, value: bytes) -> bytes:
        """Return a header as it goes out: a redirect within this site gets the prefix."""
        return self._prefix + value if name == b"location" and value.startswith(b"/") and not value.startswith(b"//") else value


class HeadRequests:
    """Answer HEAD as GET, and send no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD request on as GET, keep its body back."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        as_get = {**scope, "method": "GET"}  # a copy, for the server looks at its own to see that no body is due
        try:
            await self.app(as_get, receive, without_body)
        finally:
            scope["route"] = as_get.get("route")


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
