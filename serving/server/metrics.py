"""Request metrics and log: counts and times by route, and a line where a request changed something, failed or took long."""

import re
import time
from collections.abc import Collection
from functools import cache
from http import HTTPMethod
from uuid import uuid4

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import NotFoundError
from serving.server.dependencies import AppState, ReadingOf
from serving.server.operation_metrics import OperationMetrics

KNOWN_METHODS = frozenset(HTTPMethod)
SLOW_SECONDS = 1.0
FAILED = 400
QUIET_METHODS = ("GET", "HEAD", "OPTIONS")
REQUEST_ID = b"x-request-id"
REQUEST_ID_FORMAT = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.stdlib.get_logger("yujing.requests")


class Metrics:
    """Counts and times of one application, as Prometheus reads them from the addresses of `readers`."""

    def __init__(self, readers: Collection[str]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._readers = readers
        self._registry = CollectorRegistry()
        labels = ("handler", "method", "status")
        self._of = cache(self._find)
        self._requests = Counter("http_requests", "Requests by route.", labels, registry=self._registry)
        self._seconds = Histogram("http_request_duration_seconds", "Time to answer.", labels[:2], registry=self._registry)
        self._state: AppState | None = None
        self._registry.register(OperationMetrics(lambda: self._state))
        ProcessCollector(registry=self._registry)

    def add(self, handler: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        counter, histogram = self._of(handler, method, status)
        counter.inc()
        histogram.observe(seconds)

    def routes(self) -> APIRouter:
        """Return the route that shows them."""
        router = APIRouter(include_in_schema=False)
        router.get("/metrics")(self._show)
        return router

    def _find(self, handler: str, method: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(handler, method, f"{status // 100}xx"), self._seconds.labels(handler, method)

    def _show(self, request: Request, reading: ReadingOf) -> Response:
        if request.client is None or request.client.host not in self._readers:
            raise NotFoundError("Not found here. Ask from an address that serving.metrics_allowed_addresses names.")
        self._state = reading
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class RequestLog:
    """Count and log requests by the pattern of their route; paths, queries, headers, bodies and methods of one's own stay out.

    Each has an id, its own or the one that a proxy gave it, which is sent back and stands on every line that is logged meanwhile.
    """

    def __init__(self, app: ASGIApp, figures: Metrics, *, every_request: bool) -> None:
        self.app = app
        self._figures = figures
        self._every_request = every_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status on the way."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        started = time.perf_counter()
        request_id = _request_id(scope)

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (REQUEST_ID, request_id.encode())]}
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self.app(scope, receive, watch)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", None)
            self._figures.add(route or "none", method, int(status), seconds)
            if self._every_request or status >= FAILED or seconds >= SLOW_SECONDS or method not in QUIET_METHODS:
                log.info("request", method=method, route=route, status=status, seconds=round(seconds, 3), request_id=request_id)


def _request_id(scope: Scope) -> str:
    """Return the id that came with a request, where it is one, else a new one."""
    given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"").decode("latin-1")
    return given if REQUEST_ID_FORMAT.fullmatch(given) else uuid4().hex
