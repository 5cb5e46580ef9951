"""All pages of the application, and the files they are made of."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from features.storage.home import Home
from serving.pages.kept import Kept
from serving.pages.layout import STATIC, read_templates
from serving.pages.map_cache import MapCache
from serving.pages.page import Site
from serving.pages.routes import (
    accounts,
    admin,
    alerts,
    audit,
    command,
    data,
    docs,
    grids,
    installed,
    models,
    reports,
    service,
    session,
    undertakings,
)
from serving.server.list_cache import RankingCache
from serving.settings import Settings

PAGES = (data, command, reports, grids, alerts, undertakings, service, models, audit, admin, accounts, docs, session, installed)
MOST_KEPT = 256
"""Maps, lists and names that requests share; about 0.3 MB each where a list has 600 grids."""


def add_pages(app: FastAPI, settings: Settings, home: Home) -> None:
    """Let an application answer people as well as programs."""
    kept = Kept(MOST_KEPT)
    app.state.site = Site(settings, home, MapCache(home, kept), kept)
    for module in PAGES:
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")


def make_ready(app: FastAPI, shelf: RankingCache) -> None:
    """Make what the first pages of the newest list need, before anybody asks for them."""
    site: Site = app.state.site
    read_templates()
    if shelf.current:
        site.atlas.make_ready(shelf.engine, shelf.current)
