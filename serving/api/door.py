"""The door: whose a session or token is, remembered for a moment so that not every request asks the database."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from features.errors import StoreError
from serving.access.actor import Actor
from serving.access.credentials import SECRET_LENGTH, hash_secret
from serving.access.identity import Issuer, actor_of_identity
from serving.access.sessions import actor_of_session, close_session
from serving.access.tokens import actor_of_token

Clock = Callable[[], datetime]

REMEMBERED = timedelta(seconds=1)
"""How long a credential that has ended may still be let in by another process."""
WITHOUT_STORE = timedelta(minutes=15)
"""How long whoever was let in goes on being let in while the database cannot be asked."""
KEPT = 10_000


class Credential(StrEnum):
    """What a request can prove itself by."""

    SESSION = auto()
    TOKEN = auto()
    IDENTITY = auto()


_Key = tuple[Credential, str]
"""Kind and hash of a secret."""


@dataclass(frozen=True)
class _Known:
    actor: Actor
    at: datetime


class Door:
    """Looks up credentials and remembers, by their hashes, those that were good."""

    def __init__(self, engine: Engine, now: Clock, issuer: Issuer | None = None) -> None:
        self._engine = engine
        self._look_up: dict[Credential, Callable[[Engine, str, datetime], Actor | None]] = {
            Credential.SESSION: actor_of_session,
            Credential.TOKEN: actor_of_token,
        }
        if issuer:
            self._look_up[Credential.IDENTITY] = partial(actor_of_identity, issuer)
        self._now = now
        self._known: OrderedDict[_Key, _Known] = OrderedDict()
        self._asked: dict[_Key, asyncio.Future[Actor | None]] = {}

    def remembered(self, kind: Credential, secret: str) -> Actor | None:
        """Return whose it is if that was looked up just now."""
        known = self._known.get((kind, hash_secret(secret)))
        return known.actor if known and timedelta() <= self._now() - known.at < REMEMBERED else None

    async def actor_of(self, kind: Credential, secret: str) -> Actor | None:
        """Return whose it is, from memory or by one look-up that all who bring the same meanwhile wait for.

        Raises:
            StoreError: as `look_up`.
        """
        if actor := self.remembered(kind, secret):
            return actor
        key = (kind, hash_secret(secret))
        if key not in self._asked:
            look_up = asyncio.to_thread(self.look_up, kind, secret)  # not behind those who were let in and wait for a thread
            self._asked[key] = asyncio.ensure_future(look_up)
            self._asked[key].add_done_callback(lambda _: self._asked.pop(key))
        return await asyncio.shield(self._asked[key])

    def look_up(self, kind: Credential, secret: str) -> Actor | None:
        """Return whose it is; None where it is nobody's, or has ended.

        Raises:
            StoreError: the database cannot be asked, and the credential was not seen lately.
        """
        if kind not in self._look_up or (kind != Credential.IDENTITY and len(secret) != SECRET_LENGTH):
            return None
        key, now = (kind, hash_secret(secret)), self._now()
        known = self._known.pop(key, None)
        try:
            actor = self._look_up[kind](self._engine, secret, now)
        except StoreError:
            if known is None or not timedelta() <= now - known.at < WITHOUT_STORE:
                raise
            self._known[key] = known
            return known.actor
        if actor:
            self._known[key] = _Known(actor, now)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return actor

    def close(self, secret: str) -> bool:
        """End a session, here at once, and tell whether the identity provider had vouched for it."""
        self._known.pop((Credential.SESSION, hash_secret(secret)), None)
        return close_session(self._engine, secret, self._now())


async def _door(request: Request) -> Door:
    door: Door = request.state.door
    return door


DoorOf = Annotated[Door, Depends(_door)]
