"""Authentication and authorisation: what every route declares before it answers anybody."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine

from features.errors import ForbiddenError, NotSignedInError, PasswordNotChangedError, ProofNeededError, StoreError
from serving.accounts.oidc_login import Issuer, actor_of_identity
from serving.accounts.permissions import DELICATE, Actor, Right
from serving.accounts.sessions import SECRET_LENGTH, actor_of_session, actor_of_token, close_session, csrf_fits, hash_secret
from serving.server.limits import RequestRate

Clock = Callable[[], datetime]

REMEMBERED = timedelta(seconds=1)
"""Longest time for which another process may still accept a credential that has ended."""
WITHOUT_STORE = timedelta(minutes=15)
"""Time for which an accepted credential stays accepted while the database cannot be asked."""
KEPT = 10_000


class Credential(StrEnum):
    """Credentials of a request."""

    SESSION = auto()
    TOKEN = auto()
    IDENTITY = auto()


_Key = tuple[Credential, str]
"""Kind and hash of a secret."""


@dataclass(frozen=True)
class _Known:
    actor: Actor
    at: datetime


class CredentialCache:
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

    def forget(self, secret: str) -> None:
        """Look a session up again at its next request."""
        self._known.pop((Credential.SESSION, hash_secret(secret)), None)

    def close(self, secret: str) -> bool:
        """End a session, here at once, and tell whether the identity provider had vouched for it."""
        self.forget(secret)
        return close_session(self._engine, secret, self._now())


async def _door(request: Request) -> CredentialCache:
    door: CredentialCache = request.state.door
    return door


DoorOf = Annotated[CredentialCache, Depends(_door)]


COOKIE, DEVICE_COOKIE, KNOWN_COOKIE = "yujing_session", "yujing_device", "yujing_known"
LONGEST_COOKIE = timedelta(days=400)
"""Browsers keep no cookie longer."""
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
API_PREFIX = "/v1/"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITE = ("same-origin", "none")

BearerOf = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(scheme_name="token", description="For programs.", auto_error=False))
]
CookieOf = Annotated[str | None, Depends(APIKeyCookie(name=COOKIE, scheme_name="session", description="For pages.", auto_error=False))]


async def visitor(request: Request, door: DoorOf, token: BearerOf, secret: CookieOf) -> Actor | None:
    """Return whose token or session a request carries; None where it carries none that is good.

    Raises:
        ForbiddenError: a request that changes something came with a session but without its CSRF token.
        TooFastError: the account made too many requests within a minute.
    """
    if token:
        kind = Credential.IDENTITY if "." in token.credentials else Credential.TOKEN
        return _counted(request, await door.actor_of(kind, token.credentials))
    actor = await door.actor_of(Credential.SESSION, secret) if secret else None
    if actor and not _is_bound_here(request, actor):
        return None
    if actor and secret and request.method not in SAFE_METHODS and not csrf_fits(secret, await _csrf_given(request)):
        raise ForbiddenError(f"a change must carry the session's token as {CSRF_FIELD} or {CSRF_HEADER}. Load the page again.")
    return _counted(request, actor)


def _counted(request: Request, actor: Actor | None) -> Actor | None:
    """Count a request of an account."""
    if actor:
        rate: RequestRate = request.state.rate
        rate.count(actor.account_id, time.monotonic())
    return actor


VisitorOf = Annotated[Actor | None, Depends(visitor)]


@dataclass(frozen=True)
class Needs:
    """Requirement of a route: a right, or only to be signed in."""

    right: Right | None

    async def __call__(self, actor: VisitorOf) -> Actor:
        """Let an account through.

        Raises:
            NotSignedInError: nobody asks.
            ProofNeededError: the session is a lasting one, and the right is a delicate one.
            PasswordNotChangedError: the account came by a one-time password.
            ForbiddenError: the account lacks the right.
        """
        if actor is None:
            raise NotSignedInError("a request must carry a token or session that is good, found none. Sign in.")
        if self.right in DELICATE and actor.may(self.right) and not actor.proved_lately:
            raise ProofNeededError("a session that lasts for weeks must give the password again for this. Sign in again.")
        if self.right is None or actor.may(self.right):
            return actor
        if actor.must_change_password:
            raise PasswordNotChangedError("a one-time password must be changed first. Sign in on the pages and choose another.")
        raise ForbiddenError(f"the right {self.right} is needed here, and this account lacks it. Ask an administrator.")


def needs(right: Right | None) -> Needs:
    """Return the dependency of a route for those who have a right; without one, for all who are signed in."""
    return Needs(right)


ListReader = Annotated[Actor, Depends(needs(Right.READ_LISTS))]


def own_page(request: Request) -> None:
    """Let a form without a session through where the browser says that it comes from a page of this service, or says nothing.

    A form that another site sends could sign people in to an account of its choice. Browsers tell where a form comes from by
    Sec-Fetch-Site, which needs no name of this service, and without TLS by Origin alone, which is compared with the host they asked.

    Raises:
        ForbiddenError: the form comes from another site.
    """
    site, origin, host = (request.headers.get(name) for name in ("Sec-Fetch-Site", "Origin", "Host"))
    if site in OWN_SITE or (site is None and (origin is None or urlsplit(origin).hostname == urlsplit(f"//{host}").hostname)):
        return
    raise ForbiddenError("this form must be sent from a page of this service, found one of another site. Open the page here and try again.")


def give_session(response: Response, secret: str, *, secure: bool, lasts: timedelta | None = None) -> None:
    """Give the browser a session; `secure` keeps it off connections without TLS; without `lasts` it ends with the browser."""
    max_age = int(lasts.total_seconds()) if lasts else None
    response.set_cookie(COOKIE, secret, max_age=max_age, httponly=True, samesite="lax", secure=secure)


def give_device(response: Response, key: str, *, secure: bool) -> None:
    """Let the browser keep the key that its sessions are bound to."""
    give_cookie(response, DEVICE_COOKIE, key, secure=secure)


def give_cookie(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Let the browser keep a value as long as browsers do."""
    response.set_cookie(name, value, int(LONGEST_COOKIE.total_seconds()), httponly=True, samesite="lax", secure=secure)


def keep_wall_signed_in(request: Request, response: Response, *, secure: bool) -> None:
    """Give a wall screen its cookies again, which browsers would forget."""
    give_session(response, request.cookies.get(COOKIE, ""), secure=secure, lasts=LONGEST_COOKIE)
    give_device(response, request.cookies.get(DEVICE_COOKIE, ""), secure=secure)


def _is_bound_here(request: Request, actor: Actor) -> bool:
    """Tell whether a request comes from the device and address that its session is bound to."""
    if actor.binding is None:
        return True
    address = request.client.host if request.client else ""
    known = hash_secret(request.cookies.get(DEVICE_COOKIE, ""))
    return known == actor.binding.device_hash and actor.binding.address in (None, address)


async def _csrf_given(request: Request) -> str:
    """Return the token of a change: of the header, or of a page's form. Bodies of the API are no forms and are left to their route."""
    if header := request.headers.get(CSRF_HEADER):
        return header
    if request.url.path.startswith(API_PREFIX):
        return ""
    given = (await request.form()).get(CSRF_FIELD)
    return given if isinstance(given, str) else ""
