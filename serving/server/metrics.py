"""Observation of requests: one log line each, metrics by route, and those of the service's own work, looked up when Prometheus asks."""

import asyncio
import collections
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from http import HTTPMethod, HTTPStatus
from importlib.metadata import version
from secrets import token_hex

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
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

from features.errors import NotFoundError, StoreError
from features.intake.report import ROW_OUTCOMES
from features.provenance import build_commit
from serving.alerts.queries import count_open
from serving.alerts.webhooks import count_waiting
from serving.operations.health import newest_moments
from serving.operations.jobs import JobState, job_states
from serving.rankings.publishing import publications
from serving.server.dependencies import AppState, ReadingOf


class OperationMetrics(Collector):
    """Gauges of lists, data, jobs, alerts and the database of one application."""

    def __init__(self, find_state: Callable[[], AppState | None]) -> None:
        self._find_state = find_state

    def collect(self) -> Iterator[Metric]:
        """Yield what holds now; of a database that cannot be read, only that."""
        yield InfoMetricFamily("yujing_build", "What runs.", {"version": version("yujing"), "commit": build_commit()})
        state = self._find_state()
        if state is None:
            return
        yield _gauge("yujing_disk_free_bytes", "Free space where the home lies.", shutil.disk_usage(state.home.root).free)
        try:
            metrics = list(_read(state))
        except StoreError:
            metrics = []
        yield _gauge("yujing_database_up", "1 where the database answers.", float(bool(metrics)))
        yield from metrics


def _read(state: AppState) -> Iterator[Metric]:
    engine, now = state.shelf.engine, state.now()
    published, known = newest_moments(engine)
    yield from _moment("yujing_newest_list_timestamp_seconds", "Publication of the newest list.", published)
    yield from _moment("yujing_data_through_timestamp_seconds", "Moment at which the newest record became known.", known)
    health = state.health()
    yield _gauge("yujing_dead_letters", "Messages that no receiver took.", health.letters.total())
    yield _gauge("yujing_missed_days", "Days that were left without a list.", len(health.missed))
    yield _gauge("yujing_attention", "Things that ask for attention; /readyz names them.", len(list(health)))
    yield _gauge("yujing_webhook_queue", "Messages that wait for a receiver.", count_waiting(engine))
    open_alerts, overdue = count_open(engine, state.alerts.due_hours, now)
    yield _gauge("yujing_alerts_open", "Alerts that are open.", open_alerts)
    yield _gauge("yujing_alerts_overdue", "Open alerts whose next step is overdue.", overdue)
    champion = GaugeMetricFamily("yujing_champion", "1 for the model in use of each target.", labels=("target", "version"))
    for target, model_version in {row["target"]: row["model_version"] for row in reversed(publications(engine))}.items():
        champion.add_metric((target, model_version), 1)
    yield champion
    ends = GaugeMetricFamily("yujing_publishing_days_left", "Days on which lists may still be published, by ground.", labels=("ground",))
    for expiry in state.expiries():
        ends.add_metric((expiry.ground,), expiry.days_left)
    yield ends
    sound = GaugeMetricFamily("yujing_integrity_ok", "1 where keys, triggers, ledger or trail are as they were left.", labels=("check",))
    for check, fails in state.integrity.damaged.items():
        sound.add_metric((check,), float(not fails))
    yield sound
    yield from _jobs(job_states(engine))


def _jobs(states: dict[str, JobState]) -> Iterator[Metric]:
    labels = ("task",)  # Prometheus calls what it scrapes a job, and would rename a label of that name
    succeeded = GaugeMetricFamily("yujing_job_last_success_timestamp_seconds", "Start of the newest run that worked.", labels=labels)
    failed = GaugeMetricFamily("yujing_job_last_failure_timestamp_seconds", "Start of the newest run that failed.", labels=labels)
    lasted = GaugeMetricFamily("yujing_job_last_duration_seconds", "Duration of the newest run.", labels=labels)
    rows = GaugeMetricFamily("yujing_ingest_last_rows", "Rows of the newest ingest, by what became of them.", labels=("outcome",))
    for job, state in states.items():
        lasted.add_metric((job,), state.last.seconds)
        for family, run in ((succeeded, state.success), (failed, state.failure)):
            if run:
                family.add_metric((job,), run.started_at.timestamp())
        if job == "ingest" and state.success:
            for outcome in ("read", *ROW_OUTCOMES):
                if outcome in state.success.counts:
                    rows.add_metric((outcome,), state.success.counts[outcome])
    yield from (succeeded, failed, lasted, rows)


def _moment(name: str, text: str, moment: datetime | None) -> Iterator[Metric]:
    if moment:
        yield _gauge(name, text, moment.timestamp())


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


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
        self._counts: collections.Counter[Kind] = collections.Counter()
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
        counts, self._counts, self._until = self._counts, collections.Counter(), 0.0
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
