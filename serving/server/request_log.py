"""Count and log of requests, outside of everything else."""

import asyncio
import re
import time
from collections import Counter
from contextvars import ContextVar
from http import HTTPMethod, HTTPStatus
from secrets import token_hex

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

from serving.server.metrics import Metrics

KNOWN_METHODS = frozenset(HTTPMethod)
SLOW_SECONDS = 1.0
FAILED = HTTPStatus.BAD_REQUEST
QUIET_METHODS = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})
REQUEST_ID = b"x-request-id"
REQUEST_ID_FORMAT = re.compile(rb"[A-Za-z0-9._-]{8,64}")
COUNTED_SECONDS = 1.0
"""Time within which refusals alike are counted after the first."""

Kind = tuple[str, str | None, int]
"""Method, route and status of a request."""

log = structlog.stdlib.get_logger("yujing.requests")
current_id: ContextVar[str] = ContextVar("request_id")


def with_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the id of the request during which a line is logged."""
    if request_id := current_id.get(None):
        event.setdefault("request_id", request_id)
    return event


class RequestLog:
    """Count requests by the pattern of their route, and log those that changed something, failed or took long.

    Paths, queries, headers, bodies and methods of one's own stay out. Each request has an id, its own or the one that a proxy gave it,
    which is sent back and stands on every line that is logged meanwhile.
    """

    def __init__(self, app: ASGIApp, figures: Metrics, *, every_request: bool) -> None:
        self.app = app
        self._figures = figures
        self._every_request = every_request
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status on the way."""
        if scope["type"] != "http":
            try:
                await self.app(scope, receive, send)
            finally:
                self._refusals.write()
            return
        status = 500
        started = time.perf_counter()
        request_id = _request_id(scope)

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message = {**message, "headers": [*message["headers"], (REQUEST_ID, request_id)]}
            await send(message)

        token = current_id.set(request_id.decode())
        try:
            await self.app(scope, receive, watch)
        finally:
            self._note(scope, status, time.perf_counter() - started)
            current_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request, and write a line where it deserves one."""
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        route = getattr(scope.get("route"), "path", None)
        self._figures.add(route or "none", method, status, seconds)
        if self._every_request or not (self._is_quiet(method, status, seconds) or self._is_counted(method, route, status)):
            log.info("request", method=method, route=route, status=status, seconds=round(seconds, 3))

    @staticmethod
    def _is_quiet(method: str, status: int, seconds: float) -> bool:
        return status < FAILED and seconds < SLOW_SECONDS and method in QUIET_METHODS

    def _is_counted(self, method: str, route: str | None, status: int) -> bool:
        is_refusal = FAILED <= status < HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.SERVICE_UNAVAILABLE
        return is_refusal and self._refusals.add((method, route, status))


class Refusals:
    """Counts refusals, so that a flood of them leaves two lines a second of each kind and no more."""

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()
        self._until = 0.0

    def add(self, kind: Kind) -> bool:
        """Count a refusal; tell whether it is one more of its kind within a second, which leaves no line of its own."""
        now = time.monotonic()
        if now >= self._until:
            self.write()
            self._until = now + COUNTED_SECONDS
            asyncio.get_running_loop().call_later(COUNTED_SECONDS, self.write)
        self._counts[kind] += 1
        return self._counts[kind] > 1

    def write(self) -> None:
        """Write how many there were beside those that have a line, and begin anew."""
        counts, self._counts, self._until = self._counts, Counter(), 0.0
        for (method, route, status), count in counts.items():
            if count > 1:
                log.info("requests refused", method=method, route=route, status=status, count=count - 1)


def _request_id(scope: Scope) -> bytes:
    """Return the id that came with a request, where it is one, else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            return value if REQUEST_ID_FORMAT.fullmatch(value) else _new_id()
    return _new_id()


def _new_id() -> bytes:
    return token_hex(16).encode()
