"""All routes of the API."""

from fastapi import FastAPI

from serving.api.routes import (
    alerts,
    areas,
    explanations,
    exports,
    feedback,
    grids,
    health,
    models_in_use,
    platforms,
    rankings,
    reports,
    scores,
    status,
    supervision,
    undertakings,
)
from serving.server.errors import ANYBODY, SIGNED_IN, described

ROUTES = (
    rankings,
    grids,
    areas,
    explanations,
    exports,
    scores,
    alerts,
    feedback,
    platforms,
    supervision,
    undertakings,
    models_in_use,
    reports,
    status,
)
"""In the order in which they are described; what is particular to a route stands with it."""


def add_routes(app: FastAPI) -> None:
    """Let the application answer them."""
    for module in ROUTES:
        app.include_router(module.router, responses=described(*SIGNED_IN))
    app.include_router(health.router, responses=described(*ANYBODY))
