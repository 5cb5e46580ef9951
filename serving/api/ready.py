"""The page of a list that a program asked for a moment ago, sent again as it was: no route, no query and no row is looked at twice.

Who asks is checked each time; an answer is kept for a second, for those who see the same part, and only while its list is the newest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.actor import Right
from serving.api.door import Credential, Door
from serving.api.reading import Reading
from serving.api.shelf import PublishedList

PATH = "/v1/rankings"
BEARER = b"Bearer "
KEPT_FOR = timedelta(seconds=1)
MOST_KEPT = 256

Key = tuple[str, bytes]
"""Path of the scope, and the query as it was sent."""


@dataclass(frozen=True)
class _Ready:
    listed: PublishedList
    at: datetime
    until: datetime
    route: Any
    messages: tuple[Message, ...]


class ReadyAnswers:
    """Answer from what was answered just now."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[Key, _Ready] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a kept answer, or pass on and keep what comes back."""
        key = _key(scope) if scope.get("path") == PATH and scope["method"] == HTTPMethod.GET else None
        if key is None:
            await self.app(scope, receive, send)
            return
        reading: Reading = scope["state"]["reading"]
        now, listed = reading.now(), reading.shelf.current
        ready = self._kept.get(key)
        if ready and ready.listed is listed and ready.at <= now < ready.until and reading.shelf.pause is None:
            scope["route"] = ready.route
            for message in ready.messages:
                await send(message)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)
            await send(message)

        await self.app(scope, receive, keep)
        if listed and _is_of(listed, messages):
            self._keep(key, _Ready(listed, now, now + KEPT_FOR, scope.get("route"), tuple(messages)))

    def _keep(self, key: Key, ready: _Ready) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = ready


def _key(scope: Scope) -> Key | None:
    """Return what an answer depends on; None where whoever asks has to be looked up, or holds an answer already."""
    secret = _secret(scope["headers"])
    door: Door = scope["state"]["door"]
    actor = door.remembered(Credential.TOKEN, secret) if secret else None
    return (actor.scope.path, scope["query_string"]) if actor and actor.may(Right.READ_LISTS) else None


def _secret(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    secret = None
    for name, value in headers:
        if name == b"authorization" and value.startswith(BEARER):
            secret = value[len(BEARER) :].decode("latin-1")
        elif name == b"if-none-match":
            return None
    return secret


def _is_of(listed: PublishedList, messages: list[Message]) -> bool:
    """Tell whether messages are one whole page of a list."""
    start = messages[0]
    return start["status"] == HTTPStatus.OK and (b"x-ranking-id", listed.head.ranking_id.encode()) in start["headers"]
