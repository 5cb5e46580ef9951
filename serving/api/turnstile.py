"""The turnstile: so many requests are worked on at a time, and whoever comes when it is full is told at once to come back."""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api.problems import problem

ALWAYS_IN = frozenset({"/healthz", "/metrics"})
"""What tells how the service is must be heard most of all when it is full."""


class Turnstile:
    """Refuse what is too much, instead of letting everybody wait."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer 503 with the time after which to try again."""
        if scope["type"] != "http" or scope["path"] in ALWAYS_IN:
            await self.app(scope, receive, send)
        elif self._inside >= self._most:
            await problem(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests are under way. Try again later.")(scope, receive, send)
        else:
            self._inside += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self._inside -= 1
