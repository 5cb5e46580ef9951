"""Methods that HTTP knows; whatever else is sent as one would otherwise stand in the metrics."""

from http import HTTPMethod, HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api.problems import problem

KNOWN = frozenset(HTTPMethod)


class KnownMethods:
    """Refuse requests whose method is none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what HTTP knows."""
        if scope["type"] == "http" and scope["method"] not in KNOWN:
            await problem(HTTPStatus.METHOD_NOT_ALLOWED, "The method must be one that HTTP knows.")(scope, receive, send)
            return
        await self.app(scope, receive, send)
