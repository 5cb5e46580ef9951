"""The application: routes, errors, limits, and the life of what they read from."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from features.database.engine import database_url, open_database
from features.errors import StoreError
from features.home import Home
from features.secret_key import secret_key
from serving.api import areas, exporting, grids, health, models_in_use, rankings
from serving.api.answers import Freshness
from serving.api.door import Clock, Door
from serving.api.problems import PlainErrorsAsProblems, answer_errors, describe_problems
from serving.api.reading import Reading
from serving.api.shelf import Shelf
from serving.settings import ServingSettings, Settings
from serving.words import NOTICES

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the wall clock."""
    return datetime.now(UTC)


def create_app(settings: Settings, home: Home, now: Clock = utc_now) -> FastAPI:
    """Return the application that serves the ledger of a home; nothing is opened before it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        engine = open_database(database_url(home, settings))
        shelf = Shelf(engine, settings.serving.kept_rankings)
        shelf.refresh()
        refreshing = asyncio.create_task(_keep_fresh(shelf, settings.serving.refresh_seconds))
        freshness = Freshness(settings.tz, timedelta(hours=settings.serving.stale_after_hours))
        reading = Reading(shelf, freshness, now, secret_key(home, "cursor"))
        yield {"reading": reading, "door": Door(engine, now)}
        refreshing.cancel()
        with suppress(asyncio.CancelledError):
            await refreshing
        engine.dispose()

    app = FastAPIOffline(
        redoc_url=None,
        title="yujing 预警",
        version=version("yujing"),
        description="\n\n".join(f"{notice.zh}\n\n{notice.en}" for notice in NOTICES),
        lifespan=lifespan,
    )
    for module in (rankings, grids, areas, exporting, models_in_use, health):
        app.include_router(module.router)
    answer_errors(app)
    describe_problems(app)
    _guard(app, settings.serving)
    return app


def _guard(app: FastAPI, settings: ServingSettings) -> None:
    """Measure every request and refuse wrong hosts and large bodies, outermost last."""
    Instrumentator(registry=CollectorRegistry()).instrument(app).expose(app, include_in_schema=False)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_bytes)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts), www_redirect=False)
    app.add_middleware(PlainErrorsAsProblems)


async def _keep_fresh(shelf: Shelf, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(shelf.refresh)
        except StoreError as error:
            log.warning("the list before stays in use: %s", error)
