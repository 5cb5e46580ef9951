"""Who asks, and whether they may: what every route declares before it answers anybody."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from features.errors import ForbiddenError, NotSignedInError, PasswordNotChangedError
from serving.access.actor import Actor, Right
from serving.access.credentials import csrf_fits
from serving.api.door import Credential, DoorOf

COOKIE = "yujing_session"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

BearerOf = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(scheme_name="token", description="For programs.", auto_error=False))
]
CookieOf = Annotated[str | None, Depends(APIKeyCookie(name=COOKIE, scheme_name="session", description="For pages.", auto_error=False))]


async def visitor(request: Request, door: DoorOf, token: BearerOf, secret: CookieOf) -> Actor | None:
    """Return whose token or session a request carries; None where it carries none that is good.

    Raises:
        ForbiddenError: a request that changes something came with a session but without its CSRF token.
    """
    if token:
        kind = Credential.IDENTITY if "." in token.credentials else Credential.TOKEN
        return await door.actor_of(kind, token.credentials)
    actor = await door.actor_of(Credential.SESSION, secret) if secret else None
    if actor and secret and request.method not in SAFE_METHODS and not csrf_fits(secret, await _csrf_given(request)):
        raise ForbiddenError(f"a change must carry the session's token as {CSRF_FIELD} or {CSRF_HEADER}. Load the page again.")
    return actor


VisitorOf = Annotated[Actor | None, Depends(visitor)]


@dataclass(frozen=True)
class Needs:
    """What a route asks for: a right, or only to be signed in."""

    right: Right | None

    async def __call__(self, actor: VisitorOf) -> Actor:
        """Let an account through.

        Raises:
            NotSignedInError: nobody asks.
            PasswordNotChangedError: the account came by a one-time password.
            ForbiddenError: the account lacks the right.
        """
        if actor is None:
            raise NotSignedInError("a request must carry a token or session that is good, found none. Sign in.")
        if self.right is None or actor.may(self.right):
            return actor
        if actor.must_change_password:
            raise PasswordNotChangedError("a one-time password must be changed first. Sign in on the pages and choose another.")
        raise ForbiddenError(f"the right {self.right} is needed here, and this account lacks it. Ask an administrator.")


def needs(right: Right | None) -> Needs:
    """Return the dependency of a route for those who have a right; without one, for all who are signed in."""
    return Needs(right)


ListReader = Annotated[Actor, Depends(needs(Right.READ_LISTS))]


def give_session(response: Response, secret: str, *, secure: bool) -> None:
    """Give the browser a session; `secure` keeps it off connections without TLS."""
    response.set_cookie(COOKIE, secret, httponly=True, samesite="lax", secure=secure)


async def _csrf_given(request: Request) -> str:
    if header := request.headers.get(CSRF_HEADER):
        return header
    given = (await request.form()).get(CSRF_FIELD)
    return given if isinstance(given, str) else ""
