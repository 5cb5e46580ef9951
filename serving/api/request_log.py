"""A line for every request that changed something, failed or took long: by route, never by what was asked."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SLOW_SECONDS = 1.0
FAILED = 400
QUIET_METHODS = ("GET", "HEAD", "OPTIONS")

log = structlog.stdlib.get_logger("yujing.requests")


class RequestLog:
    """Log requests by the pattern of their route; paths, queries, headers and bodies stay out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status on the way."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            seconds = time.perf_counter() - started
            if status >= FAILED or seconds >= SLOW_SECONDS or scope["method"] not in QUIET_METHODS:
                route = getattr(scope.get("route"), "path", None)
                log.info("request", method=scope["method"], route=route, status=status, seconds=round(seconds, 3))
