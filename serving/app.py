"""The application: routes, errors, limits, and the life of what they read from."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from features.database.engine import open_home
from features.storage.home import Home
from features.storage.keys import secret_key
from serving.accounts.oidc_login import Issuer, OidcLogin
from serving.accounts.passwords import KnownBrowsers
from serving.api.all_routes import OldPaths, add_routes
from serving.api.routes.grids import OpenExplainer
from serving.api.routes.scores import OpenScorer
from serving.operations.integrity import IntegrityWatch, Vault, second_place, write_checkpoint
from serving.operations.schedule import repeating
from serving.pages.all_pages import ErrorPages, add_pages, make_ready
from serving.rankings.expiry import PublishingTerms
from serving.server.auth import Clock, CredentialCache
from serving.server.dependencies import AppState, Overdue, nothing_overdue
from serving.server.errors import PlainErrorsAsProblems, answer_errors, describe_problems
from serving.server.limits import Capacity, ConcurrencyLimit, RefuseAtOnce, RequestRate
from serving.server.list_cache import RankingCache
from serving.server.metrics import Metrics, RequestLog
from serving.server.middleware import CancelOnDisconnect, HeadRequests, PathPrefix
from serving.server.response_cache import ResponseCache
from serving.server.responses import Freshness
from serving.settings import ServingSettings, Settings
from serving.text import NOTICES

HEAD_SECONDS = 3600
SMALLEST_COMPRESSED = 1000
"""Bytes from which an answer is compressed for those who ask for it."""
COMPRESSION = 2
"""Level of gzip: a page of 300 kB becomes 77 kB in 4 ms; the highest level makes it 64 kB in 28 ms."""


def utc_now() -> datetime:
    """Return the wall clock."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    home: Home,
    now: Clock = utc_now,
    open_explainer: OpenExplainer | None = None,
    open_scorer: OpenScorer | None = None,
    overdue: Overdue | None = None,
) -> FastAPI:
    """Return the application that serves the ledger of a home; nothing is opened before it starts.

    `open_explainer` makes, when it is first needed, what explains grids whose reasons were not published; `open_scorer` what scores
    case files that are not stored. `overdue` says what is due and not done beside the service, which makes it not ready.
    """
    openers = {"open_explainer": open_explainer, "open_scorer": open_scorer}
    app = FastAPIOffline(
        docs_url=None,
        generate_unique_id_function=lambda route: route.name,
        redoc_url=None,
        title="yujing 预警",
        version=version("yujing"),
        description="\n\n".join(f"{notice.zh}\n\n{notice.en}" for notice in NOTICES),
        lifespan=lambda started: _opened(started, settings, home, now, (openers, overdue)),
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    add_routes(app)
    add_pages(app, settings, home)
    answer_errors(app)
    describe_problems(app)
    _guard(app, settings.serving)
    return app


@asynccontextmanager
async def _opened(
    app: FastAPI, settings: Settings, home: Home, now: Clock, beside: tuple[Mapping[str, Callable[[], object] | None], Overdue | None]
) -> AsyncIterator[dict[str, object]]:
    """Open what routes read from, keep it fresh, and close it when the server stops."""
    issuer = Issuer.of(settings.oidc)
    openers, overdue = beside
    async with AsyncExitStack() as opened:
        engine = open_home(home, settings)
        opened.callback(engine.dispose)
        lead = timedelta(seconds=settings.serving.activation_delay_seconds)
        shelf = RankingCache(engine, settings.serving.ranking_cache_size, now, lead)

        def look() -> None:
            shelf.refresh()
            make_ready(app, shelf)

        look()
        await asyncio.sleep(lead.total_seconds())  # by now the list that was found is shown by all
        await opened.enter_async_context(repeating(look, settings.serving.refresh_seconds))

        def note_chains() -> None:
            write_checkpoint(home, engine, second_place(home, settings.serving.checkpoint_dir), now())

        await opened.enter_async_context(repeating(note_chains, HEAD_SECONDS))
        integrity = IntegrityWatch(Vault(home, engine, settings.serving.checkpoint_dir))
        await opened.enter_async_context(repeating(integrity.look, HEAD_SECONDS))
        freshness = Freshness(settings.tz, timedelta(hours=settings.serving.stale_after_hours))
        reading = AppState(
            shelf,
            freshness,
            now,
            secret_key(home, "cursor"),
            settings.alerts,
            home,
            settings.serving,
            overdue or nothing_overdue,
            integrity,
            PublishingTerms.of(settings),
        )
        sign_on = OidcLogin(issuer, secret_key(home, "sign_on")) if issuer and settings.oidc.public_url else None
        once = {name: cache(opener) if opener else None for name, opener in openers.items()}
        limits = {"browsers": KnownBrowsers(secret_key(home, "browser")), "rate": RequestRate(settings.serving.requests_per_minute)}
        yield {"reading": reading, "door": CredentialCache(engine, now, issuer), "sign_on": sign_on, **limits, **once}


def _guard(app: FastAPI, serving: ServingSettings) -> None:
    """Measure every request and refuse wrong hosts and large bodies, outermost last."""
    figures = Metrics(serving.metrics_allowed_addresses)
    app.include_router(figures.routes())
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=serving.max_body_bytes)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(serving.allowed_hosts), www_redirect=False)
    app.add_middleware(PlainErrorsAsProblems)
    capacity = Capacity(serving.max_concurrent_requests, serving.max_waiting_requests)
    app.add_middleware(ConcurrencyLimit, capacity=capacity)
    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(OldPaths)
    app.add_middleware(RefuseAtOnce, capacity=capacity)
    app.add_middleware(ErrorPages)
    app.add_middleware(HeadRequests)
    if serving.root_path:
        app.add_middleware(PathPrefix, prefix=serving.root_path)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED, compresslevel=COMPRESSION)
    app.add_middleware(ResponseCache, prefix=serving.root_path)
    app.add_middleware(RequestLog, figures=figures, every_request=serving.access_log)
