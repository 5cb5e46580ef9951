"""Coming and going: /login, /logout, /password, and how the pages look.

Coming through the identity provider: /login/identity leads there, /login/back is where it sends browsers to.
"""

import logging
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from features.errors import IdentityError, NotFoundError, NotSignedInError, TooManyError, UsageError
from serving.accounts.accounts import change_password
from serving.accounts.oidc_login import OUT_FOR, OidcLogin
from serving.accounts.oidc_provider import BACK, DOOR
from serving.accounts.passwords import KnownBrowsers, check_password
from serving.accounts.permissions import Actor
from serving.accounts.sessions import LASTING, SECRET_LENGTH, bind_session, choose_area, device_of, enrol_wall, open_session
from serving.pages.layout import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, render
from serving.pages.page import PageRoute, inside
from serving.pages.translations import LANGUAGES
from serving.server.auth import (
    COOKIE,
    DEVICE_COOKIE,
    KNOWN_COOKIE,
    LONGEST_COOKIE,
    DoorOf,
    give_cookie,
    give_device,
    give_session,
    needs,
    own_page,
)
from serving.server.dependencies import ReadingOf

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


def login_page(request: Request, goal: str, failed: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """Return it with the ways in that the settings leave open; `goal` is where its reader goes then, `failed` the key of what it says."""
    oidc, goal = request.app.state.site.settings.oidc, inside(goal)
    return render(
        request,
        "login.html",
        status=status,
        next=goal,
        here=f"{DOOR}?{urlencode({'next': goal})}",
        failed=failed,
        by_identity=bool(oidc.public_url),
        administrators_only=not oidc.password_login,
    )


router = APIRouter(route_class=PageRoute, include_in_schema=False)

A_YEAR = 365 * 86_400
SignedIn = Annotated[Actor, Depends(needs(None))]
Text = Annotated[str, Form(max_length=500)]


@router.get("/login")
def show_login(request: Request, next: str = "/", *, proof: bool = False, chosen: bool = False) -> Response:  # noqa: A002 - the name in the address
    """Show the login form; `proof` says that a lasting session needs the password again, `chosen` that a new one holds from now on."""
    return login_page(request, next, "login_proof" if proof else "login_chosen" if chosen else None)


@router.post("/login", dependencies=[Depends(own_page)])
def sign_in(
    request: Request,
    reading: ReadingOf,
    name: Text,
    password: Text,
    next: Text = "/",  # noqa: A002 - the name in the address
    remember: Annotated[bool, Form()] = False,
) -> Response:
    """Open a session, for 30 days where this device is to be remembered, or show the form again."""
    address, settings = request.client.host if request.client else "", request.app.state.site.settings
    browsers: KnownBrowsers = request.state.browsers
    origin = browsers.origin(address, request.cookies.get(KNOWN_COOKIE, ""), name)
    only_administrators = not settings.oidc.password_login
    try:
        secret, actor = open_session(reading.shelf.engine, name, password, reading.now(), origin, administrators_only=only_administrators)
    except (NotSignedInError, TooManyError) as error:
        failed = "login_too_many" if isinstance(error, TooManyError) else "login_failed"
        return login_page(request, next, failed, HTTPStatus(error.status))
    response = RedirectResponse("/password" if actor.must_change_password else inside(next), HTTPStatus.SEE_OTHER)
    secure = settings.serving.behind_proxy
    if remember:
        device = device_of(request.cookies.get(DEVICE_COOKIE), request.headers.get("user-agent", ""))
        bind_session(reading.shelf.engine, secret, device, reading.now())
        give_device(response, device.key, secure=secure)
    give_session(response, secret, secure=secure, lasts=LASTING if remember else None)
    give_cookie(response, KNOWN_COOKIE, browsers.remember(request.cookies.get(KNOWN_COOKIE, ""), name), secure=secure)
    return response


Link = Annotated[str, Path(min_length=SECRET_LENGTH, max_length=SECRET_LENGTH)]


@router.get("/wall/{secret}")
def enrol(request: Request, reading: ReadingOf, secret: Link) -> Response:
    """Let the browser that opens the link of a wall screen first be that screen."""
    device = device_of(request.cookies.get(DEVICE_COOKIE), request.headers.get("user-agent", ""))
    enrol_wall(reading.shelf.engine, secret, device, request.client.host if request.client else "", reading.now())
    response, secure = RedirectResponse("/", HTTPStatus.SEE_OTHER), request.app.state.site.settings.serving.behind_proxy
    give_session(response, secret, secure=secure, lasts=LONGEST_COOKIE)
    give_device(response, device.key, secure=secure)
    return response


@router.post("/logout")
def sign_out(request: Request, door: DoorOf, reading: ReadingOf, _: SignedIn) -> Response:
    """End the session, and then the provider's where it had vouched for this one."""
    sign_on: OidcLogin | None = request.state.sign_on
    vouched = door.close(request.cookies.get(COOKIE, ""))
    goodbye = sign_on.issuer.provider.goodbye(reading.now()) if vouched and sign_on else None
    response: Response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    if goodbye:  # by a page, for a form may not lead to another site
        response = render(request, "signed_out.html", goodbye=goodbye)
    response.delete_cookie(COOKIE)
    return response


@router.get("/password")
def show_password(request: Request, actor: SignedIn) -> Response:
    """Show the form for a password of one's own."""
    return render(request, "password.html", actor, failed=None)


@router.post("/password")
def choose_password(request: Request, reading: ReadingOf, actor: SignedIn, old: Text, new: Text) -> Response:
    """Store the new password; all sessions end, so its holder signs in again."""
    try:
        check_password(new, actor.name)
    except UsageError:
        return render(request, "password.html", actor, HTTPStatus.UNPROCESSABLE_ENTITY, failed="password_weak")
    try:
        change_password(reading.shelf.engine, actor, old, new, reading.now())
    except (UsageError, TooManyError) as error:
        failed = "login_too_many" if isinstance(error, TooManyError) else "password_failed"
        return render(request, "password.html", actor, HTTPStatus(error.status), failed=failed)
    return RedirectResponse("/login?chosen=true", HTTPStatus.SEE_OTHER)


@router.post("/area")
def choose_own_area(request: Request, door: DoorOf, reading: ReadingOf, actor: SignedIn, area: Text = "") -> Response:
    """Work in another of one's own areas from now on."""
    secret = request.cookies.get(COOKIE, "")
    choose_area(reading.shelf.engine, secret, actor, area, reading.now())
    door.forget(secret)
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


@router.post("/look", dependencies=[Depends(own_page)])
def choose_look(back: Text = "/", language: Text = "", theme: Text = "") -> Response:
    """Remember language or theme in the browser; that is all it does, so it needs no session."""
    response = RedirectResponse(inside(back), HTTPStatus.SEE_OTHER)
    for name, value, known in ((LANGUAGE_COOKIE, language, LANGUAGES), (THEME_COOKIE, theme, THEMES)):
        if value in known:
            response.set_cookie(name, value, max_age=A_YEAR, httponly=True, samesite="lax")
    return response


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
