"""All pages of the application, and the files they are made of."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from features.home import Home
from serving.pages.assets import STATIC
from serving.pages.atlas import Atlas
from serving.pages.routes import admin, alerts, command, docs, export, grids, identity, models, session
from serving.pages.viewer import Site
from serving.settings import Settings


def add_pages(app: FastAPI, settings: Settings, home: Home) -> None:
    """Let an application answer people as well as programs."""
    app.state.site = Site(settings, home, Atlas(home))
    for module in (command, grids, alerts, export, models, admin, docs, session, identity):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
