"""Coming through the identity provider: /login/identity leads there, /login/back is where it sends browsers to."""

import logging
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import IdentityError, NotFoundError
from serving.accounts.oidc_login import OUT_FOR, OidcLogin
from serving.accounts.oidc_provider import BACK, DOOR
from serving.pages.page import PageRoute, inside
from serving.pages.routes.session import login_page
from serving.server.auth import give_session
from serving.server.dependencies import ReadingOf

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = logging.getLogger(__name__)

KEPT = "yujing_sign_on"
"""Cookie that a browser takes along to the provider and brings back."""
FAULTS = {
    "over": "login_identity_over",
    "refused": "login_identity_refused",
    "unknown": "login_identity_unknown",
    "down": "login_identity_down",
}
"""Key of the words for what went wrong; the log alone tells more."""


def _sign_on(request: Request) -> OidcLogin:
    found: OidcLogin | None = request.state.sign_on
    if found is None:
        raise NotFoundError("a provider must be configured, found none. Sign in by password.")
    return found


SignOnOf = Annotated[OidcLogin, Depends(_sign_on)]


@router.get(f"{DOOR}/identity")
def leave(request: Request, reading: ReadingOf, sign_on: SignOnOf, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Send the browser to the provider."""
    try:
        address, kept = sign_on.leave(inside(next), reading.now())
    except IdentityError as error:
        return _failed(request, error)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    secure = request.app.state.site.settings.serving.behind_proxy
    response.set_cookie(KEPT, kept, max_age=int(OUT_FOR.total_seconds()), path=DOOR, httponly=True, samesite="lax", secure=secure)
    return response


@router.get(BACK)
def come_back(request: Request, reading: ReadingOf, sign_on: SignOnOf) -> Response:
    """Open a session for whom the provider vouches, or say why not; what the browser brought serves once."""
    try:
        secret, goal = sign_on.come_back(reading.shelf.engine, request.cookies.get(KEPT, ""), request.query_params, reading.now())
    except IdentityError as error:
        response: Response = _failed(request, error)
    else:
        response = RedirectResponse(inside(goal), HTTPStatus.SEE_OTHER)
        give_session(response, secret, secure=request.app.state.site.settings.serving.behind_proxy)
    response.delete_cookie(KEPT, path=DOOR)
    return response


def _failed(request: Request, error: IdentityError) -> Response:
    log.warning("nobody signed in: %s", error)
    status = HTTPStatus.SERVICE_UNAVAILABLE if error.code == "down" else HTTPStatus(error.status)
    return login_page(request, "/", FAULTS[error.code], status)
