"""All routes of the API, old addresses included.

Old ones are answered for one release, with a `Deprecation` header (RFC 9745) and a link to the address that took over.
"""

import re
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.routes import alerts, grids, rankings, reports, scores, service, undertakings
from serving.server.errors import ANYBODY, SIGNED_IN, described

ROUTERS = (
    rankings.router,
    grids.router,
    grids.area_router,
    grids.explanation_router,
    rankings.export_router,
    scores.router,
    alerts.router,
    alerts.field_router,
    alerts.platform_router,
    service.supervision_router,
    undertakings.router,
    service.model_router,
    reports.router,
    service.publishing_router,
)
"""In the order in which they are described; what is particular to a route stands with it."""

DEPRECATED_AT = datetime(2026, 11, 28, tzinfo=UTC)
RENAMED = (
    (r"/v1/model", "/v1/models/current"),
    (r"/v1/score", "/v1/scores"),
    (r"/v1/export", "/v1/exports"),
    (r"/v1/not-alerted", "/v1/suppressed-alerts"),
    (r"/v1/held", "/v1/releases"),
    (r"/v1/held/([0-9a-f]+)/release", r"/v1/rankings/\1/release"),
)
"""Pattern of an old path, and the path whose answer is the same."""
REPLACED = {"/v1/overdue": "/v1/alerts?overdue=true"}
"""Old paths with an answer of their own, and the address that tells the same in another shape."""


def add_routes(app: FastAPI) -> None:
    """Let the application answer them."""
    for router in ROUTERS:
        app.include_router(router, responses=described(*SIGNED_IN))
    app.include_router(service.health_router, responses=described(*ANYBODY))


class OldPaths:
    """Pass requests to old paths on to the new ones, and say in the answer that they are old."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the path of a request and add the headers to its answer."""
        path = scope["path"] if scope["type"] == "http" else ""
        successor = REPLACED.get(path) or new_path(path)
        if successor is None:
            await self.app(scope, receive, send)
            return

        async def send_deprecated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Deprecation"] = f"@{DEPRECATED_AT.timestamp():.0f}"
                headers.append("Link", f'<{successor}>; rel="successor-version"')
            await send(message)

        if path not in REPLACED:
            scope = {**scope, "path": successor, "raw_path": successor.encode()}
        await self.app(scope, receive, send_deprecated)


def new_path(path: str) -> str | None:
    """Return what an old path is called now.

    >>> new_path("/v1/held/3f2c9a0d51b7e846/release"), new_path("/v1/models/current")
    ('/v1/rankings/3f2c9a0d51b7e846/release', None)
    """
    for pattern, successor in RENAMED:
        if match := re.fullmatch(pattern, path):
            return match.expand(successor)
    return None
