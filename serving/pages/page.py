"""Routes that answer people: no session leads to the login, a one-time password to its change, and an error is a page."""

import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy import Engine
from starlette.exceptions import HTTPException

from features.errors import (
    NotFoundError,
    NotReadyError,
    NotSignedInError,
    PasswordNotChangedError,
    PausedError,
    ProofNeededError,
    YujingError,
)
from features.storage.home import Home
from serving.accounts.permissions import Actor, Right, Scope
from serving.operations.jobs import PageJobs
from serving.pages.layout import Look, render
from serving.pages.map_cache import Kept, MapCache
from serving.pages.translations import Translator
from serving.rankings.publishing import Pause
from serving.server.auth import needs
from serving.server.dependencies import AppState, ListsOf, ReadingOf
from serving.server.errors import HEADERS
from serving.settings import Settings

ERRORS = {
    HTTPStatus.FORBIDDEN: "error_forbidden",
    HTTPStatus.NOT_FOUND: "error_not_found",
    HTTPStatus.CONFLICT: "error_conflict",
    HTTPStatus.PRECONDITION_FAILED: "error_changed",
    HTTPStatus.UNPROCESSABLE_ENTITY: "error_invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "error_too_many",
}
PAUSED = "error_paused"
"""Key of the words for a status; the API alone tells more."""

INSIDE = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]*")
"""Browsers take a backslash for a slash and pass over control characters."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route of a page."""

    def get_route_handler(self) -> Handler:
        """Return the handler with its errors answered as pages."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await answer(request)
            except NotSignedInError as error:
                proof = {"proof": "true"} if isinstance(error, ProofNeededError) else {}
                return RedirectResponse(f"/login?{urlencode({'next': _back(request)} | proof)}", HTTPStatus.SEE_OTHER)
            except PasswordNotChangedError:
                return RedirectResponse("/password", HTTPStatus.SEE_OTHER)
            except YujingError as error:
                return _fault(request, error)
            except RequestValidationError:
                return error_page(request, HTTPStatus.UNPROCESSABLE_ENTITY)
            except HTTPException as error:
                return error_page(request, error.status_code)

        return handler


def inside(address: str) -> str:
    """Return an address of this site as it is, and the start page for any other.

    >>> inside("/grids/1?q=2"), inside("//elsewhere.example"), inside("https://elsewhere.example")
    ('/grids/1?q=2', '/', '/')
    """
    return address if INSIDE.fullmatch(address) else "/"


def _back(request: Request) -> str:
    """Return the page to come back to after sign-in: the one that was asked for, or whose form was sent."""
    if request.method == "GET":
        return str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    sent_from = urlsplit(request.headers.get("referer", ""))
    return inside(sent_from.path) if sent_from.netloc == request.url.netloc else "/"


def _is_before_first_list(request: Request, error: YujingError) -> bool:
    shelf = request.state.reading.shelf
    is_missing = request.method == "GET" and isinstance(error, (NotFoundError, NotReadyError))
    return is_missing and shelf.current is None and shelf.pause is None and not shelf.damaged


def _fault(request: Request, error: YujingError) -> Response:
    """Lead to the first steps where a page is missing only because no list was published yet; else say what is wrong."""
    if _is_before_first_list(request, error):
        return RedirectResponse("/start", HTTPStatus.SEE_OTHER)
    return error_page(request, error.status, request.state.reading.shelf.pause if isinstance(error, PausedError) else None)


def error_page(request: Request, status: int, pause: Pause | None = None) -> Response:
    """Say what is wrong; of a pause who made it and when."""
    known, site = HTTPStatus(status), request.app.state.site
    message, said = ERRORS.get(known, "error_other"), {}
    if pause:
        message, said = PAUSED, {"by": pause.by, "since": f"{pause.since.astimezone(site.settings.tz):%Y-%m-%d %H:%M}"}
    response = render(request, "error.html", status=known, message=message, said=said)
    if known is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.update(HEADERS[known])
    return response


@dataclass(frozen=True)
class Site:
    """State that all pages of one application share."""

    settings: Settings
    home: Home
    atlas: MapCache
    kept: Kept
    jobs: PageJobs = field(default_factory=PageJobs)
    report_jobs: PageJobs = field(default_factory=PageJobs)
    """Reports being made, which wait for no other job."""
    program: tuple[str, ...] = ()
    """Command line of yujing on this home, for jobs that run in a process of their own; empty where the application has none."""


@dataclass(frozen=True)
class Viewer:
    """Inputs of a page."""

    reading: AppState
    site: Site
    actor: Actor
    t: Translator

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.reading.shelf.engine

    @property
    def scope(self) -> Scope:
        """Scope of the reader."""
        return self.actor.scope

    @property
    def now(self) -> datetime:
        """The wall clock."""
        return self.reading.now()

    @property
    def local_now(self) -> datetime:
        """The same in the deployment's zone."""
        return self.now.astimezone(self.site.settings.tz)


def viewer_with(right: Right | None) -> Callable[..., Awaitable[Viewer]]:
    """Return the dependency of a page: a viewer who has a right, or any who is signed in."""

    async def viewer(request: Request, reading: ReadingOf, actor: Annotated[Actor, Depends(needs(right))]) -> Viewer:
        return Viewer(reading, request.app.state.site, actor, Translator(Look.of(request).language))

    return viewer


def viewer_of_lists(right: Right | None) -> Callable[..., Awaitable[Viewer]]:
    """Return the same for pages that show lists: nobody sees them while publishing is paused."""
    allowed = viewer_with(right)

    async def viewer(_: ListsOf, found: Annotated[Viewer, Depends(allowed)]) -> Viewer:
        return found

    return viewer


ListViewer = Annotated[Viewer, Depends(viewer_of_lists(Right.READ_LISTS))]
Visitor = Annotated[Viewer, Depends(viewer_of_lists(None))]
