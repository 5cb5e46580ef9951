"""Errors as pages for browsers, whichever route or layer of the server answers; programs get problem details."""

from http import HTTPStatus

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.pages.page import error_page
from serving.server.auth import API_PREFIX
from serving.server.errors import MEDIA_TYPE

KEPT_HEADERS = frozenset({b"allow", b"retry-after"})
FOR_PROGRAMS = (API_PREFIX, "/static/", "/healthz", "/readyz", "/metrics", "/openapi.json")


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
