"""Metrics of the application: counts and times of requests by route, beside those of its operation."""

from collections.abc import Collection
from functools import cache

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

from features.errors import NotFoundError
from serving.server.dependencies import AppState, ReadingOf
from serving.server.operation_metrics import OperationMetrics


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
