"""All pages of the application, the files they are made of, and errors as pages for browsers; programs get problem details."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.storage.home import Home
from serving.pages.layout import STATIC, read_templates
from serving.pages.map_cache import Kept, MapCache
from serving.pages.page import Site, error_page
from serving.pages.routes import (
    accounts,
    admin,
    alerts,
    audit,
    command,
    data,
    grids,
    models,
    reports,
    service,
    session,
    site_files,
    undertakings,
)
from serving.server.auth import API_PREFIX
from serving.server.errors import MEDIA_TYPE
from serving.server.list_cache import RankingCache
from serving.settings import Settings

PAGES = (data, command, reports, grids, alerts, undertakings, service, models, audit, admin, accounts, site_files, session)
MOST_KEPT = 256
"""Maps, lists and names that requests share; about 0.3 MB each where a list has 600 grids."""

KEPT_HEADERS = frozenset({b"allow", b"retry-after"})
FOR_PROGRAMS = (API_PREFIX, "/static/", "/healthz", "/readyz", "/metrics", "/openapi.json")


def add_pages(app: FastAPI, settings: Settings, home: Home) -> None:
    """Let an application answer people as well as programs."""
    kept = Kept(MOST_KEPT)
    app.state.site = Site(settings, home, MapCache(home, kept), kept)
    for module in PAGES:
        app.include_router(module.router)
    app.include_router(site_files.file_router)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")


def make_ready(app: FastAPI, shelf: RankingCache) -> None:
    """Make what the first pages of the newest list need, before anybody asks for them."""
    site: Site = app.state.site
    read_templates()
    if shelf.current:
        site.atlas.make_ready(shelf.engine, shelf.current)


class ErrorPages:
    """Replace problem details by a page where a browser asks."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but problems for browsers."""
        if scope["type"] != "http" or not _is_for_people(scope):
            await self.app(scope, receive, send)
            return
        started = replaced = False

        async def pass_on(message: Message) -> None:
            nonlocal started, replaced
            started = True
            if message["type"] == "http.response.start" and dict(message["headers"]).get(b"content-type") == MEDIA_TYPE.encode():
                replaced = True
                page = error_page(Request(scope), HTTPStatus(message["status"]))
                page.raw_headers.extend(header for header in message["headers"] if header[0] in KEPT_HEADERS)
                await page(scope, receive, send)
            elif not replaced:
                await send(message)

        try:
            await self.app(scope, receive, pass_on)
        except Exception:  # which goes on to the log
            if not started:
                await error_page(Request(scope), HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
            raise


def _is_for_people(scope: Scope) -> bool:
    """Tell whether a browser shows the answer as a page."""
    accepted = dict(scope["headers"]).get(b"accept", b"")
    return b"text/html" in accepted and not scope["path"].startswith(FOR_PROGRAMS)
