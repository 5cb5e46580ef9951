"""Metrics of the application, counts and times of requests by route, and of the service's own work, looked up when Prometheus asks."""

import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import cache
from importlib.metadata import version

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
