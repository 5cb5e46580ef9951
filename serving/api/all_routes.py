"""All routes of the API."""

from fastapi import FastAPI

from serving.api.problems import ANYBODY, SIGNED_IN, described
from serving.api.routes import (
    alerts,
    areas,
    explanations,
    exporting,
    field,
    grids,
    health,
    models_in_use,
    publishing,
    rankings,
    reports,
    scoring_files,
    supervision,
)

ROUTES = (rankings, grids, areas, explanations, exporting, scoring_files, alerts, field, supervision, models_in_use, reports, publishing)
"""In the order in which they are described; what is particular to a route stands with it."""


def add_routes(app: FastAPI) -> None:
    """Let the application answer them."""
    for module in ROUTES:
        app.include_router(module.router, responses=described(*SIGNED_IN))
    app.include_router(health.router, responses=described(*ANYBODY))
