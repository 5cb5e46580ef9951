"""Service under a path of a site, such as /yujing: requests lose the prefix, and addresses in answers get it.

Routes, pages and links are written as if the service stood at the root; here alone they learn that it does not. A proxy may take the
prefix off or leave it on.
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = re.compile(rb'(\s(?:href|src|action|formaction|content|data-[a-z-]+)=")/(?!/)')
"""Attribute of HTML that holds an address of this site; texts cannot look like one, for their quotation marks are escaped."""
IN_JSON = re.compile(rb'("(?:start_url|scope|src|url|id)"\s*:\s*")/(?!/)')
"""The same in the manifest of the app."""
REWRITTEN = {b"text/html": ADDRESS, b"application/manifest+json": IN_JSON}


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
