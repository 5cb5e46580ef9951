"""The page of a list that a program asked for a moment ago, sent again as it went out: compressed, under its path, without a look at a row.

Who asks is checked and counted each time; an answer is kept for a second, for those who ask for it in the same way and see the same part,
and only while its list is the newest.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import TooFastError
from serving.accounts.permissions import Actor, Right
from serving.server.auth import Credential, CredentialCache
from serving.server.dependencies import AppState
from serving.server.limits import RequestRate
from serving.server.list_cache import PublishedList

PATH = "/v1/rankings"
BEARER = b"Bearer "
KEPT_FOR = timedelta(seconds=1)
MOST_KEPT = 256

Key = tuple[bytes, bytes, str, bool]
"""Host and query as they were sent, path of the scope of whoever asks, and whether the answer may be compressed."""


@dataclass(frozen=True)
class _Ready:
    listed: PublishedList
    at: datetime
    until: datetime
    route: Any
    messages: tuple[Message, ...]


class ResponseCache:
    """Answer from what was answered just now."""

    def __init__(self, app: ASGIApp, prefix: str = "") -> None:
        self.app = app
        self._paths = frozenset({PATH, prefix + PATH})
        self._kept: dict[Key, _Ready] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a kept answer, or pass on and keep what comes back."""
        is_page = scope["type"] == "http" and scope["path"] in self._paths and scope["method"] == HTTPMethod.GET
        actor, key = _key(scope) if is_page else (None, None)
        if actor is None or key is None:
            await self.app(scope, receive, send)
        elif (ready := self._find(key, scope["state"]["reading"])) and _is_in_time(actor, scope["state"]["rate"]):
            scope["route"] = ready.route
            for message in ready.messages:
                await send(message)
        else:
            await self._answer(key, scope, receive, send)

    def _find(self, key: Key, reading: AppState) -> _Ready | None:
        ready = self._kept.get(key)
        good = ready and reading.shelf.pause is None and ready.listed is reading.shelf.current and ready.at <= reading.now() < ready.until
        return ready if good else None

    async def _answer(self, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        reading: AppState = scope["state"]["reading"]
        now, listed = reading.now(), reading.shelf.current
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(_copy(message))
            await send(message)

        await self.app(scope, receive, keep)
        if listed and _is_of(listed, messages) and key == _key(scope)[1]:  # what somebody sees may have changed meanwhile
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = _Ready(listed, now, now + KEPT_FOR, scope.get("route"), tuple(messages))


def _key(scope: Scope) -> tuple[Actor, Key] | tuple[None, None]:
    """Return who asks and what the answer depends on; None where they have to be looked up, or say more than who they are."""
    headers = dict(scope["headers"])
    shown = headers.get(b"authorization", b"")
    if not shown.startswith(BEARER) or b"if-none-match" in headers or len(headers) < len(scope["headers"]):
        return None, None
    door: CredentialCache = scope["state"]["door"]
    actor = door.remembered(Credential.TOKEN, shown.removeprefix(BEARER).decode("latin-1"))
    if actor is None or not actor.may(Right.READ_LISTS):
        return None, None
    compressed = b"gzip" in headers.get(b"accept-encoding", b"")
    return actor, (headers.get(b"host", b""), scope["query_string"], actor.scope.path, compressed)


def _is_in_time(actor: Actor, rate: RequestRate) -> bool:
    """Count a request, unless there were too many, which its route answers."""
    try:
        rate.count(actor.account_id, time.monotonic())
    except TooFastError:
        return False
    return True


def _copy(message: Message) -> Message:
    """Return a message that others may change, without changing what is kept."""
    return {name: list(value) if name == "headers" else value for name, value in message.items()}


def _is_of(listed: PublishedList, messages: list[Message]) -> bool:
    """Tell whether messages are one whole page of a list."""
    start = messages[0]
    return start["status"] == HTTPStatus.OK and (b"x-ranking-id", listed.head.ranking_id.encode()) in start["headers"]
