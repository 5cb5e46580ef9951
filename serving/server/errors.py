"""Every error as RFC 9457 problem details, whoever raised it."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import PausedError, TooManyError, YujingError

MEDIA_TYPE = "application/problem+json"
HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}
TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Not ready",
    410: "Gone",
    412: "Changed",
    413: "Body too large",
    422: "Invalid request",
    429: "Too many requests",
    431: "Headers too large",
    503: "Unavailable",
}
"""Stable whatever a version of Python calls a status."""
ANYBODY = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE)
"""Answers of every route: to a request that cannot be read, to one that is too large, and while the store or the list is away."""
SIGNED_IN = (
    *ANYBODY,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
"""The same for every route that asks who is there."""

log = logging.getLogger(__name__)


class FieldFault(BaseModel):
    """One part of a request that does not fit; the value itself is never repeated."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="Where it stands", examples=["query.limit"])
    code: str = Field(description="Stable code of the fault", examples=["less_than_equal"])
    detail: str = Field(description="What must hold", examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Stable name of the kind of problem", examples=["urn:yujing:problem:not-found"])
    title: str = Field(description="The same in words", examples=["Not found"])
    status: int = Field(ge=400, le=599, description="HTTP status", examples=[404])
    detail: str = Field(description="What must hold, what was found, what to do", examples=["No list was published for that date."])
    errors: list[FieldFault] = Field(default_factory=list, description="Parts of the request that do not fit")


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, object]]:
    """Return `responses=` of what may answer with these statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {int(status): {"description": TITLES[status], "content": {MEDIA_TYPE: schema}} for status in statuses}


def problem(status: int, detail: str, errors: list[FieldFault] | None = None) -> Response:
    """Return one problem: how to sign in, or when to try again, goes with it."""
    title = TITLES.get(status, "Internal error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Refused")
    kind = f"urn:yujing:problem:{title.lower().replace(' ', '-')}"
    body = Problem(type=kind, title=title, status=status, detail=detail, errors=errors or [])
    return Response(body.model_dump_json(), status, HEADERS.get(status), MEDIA_TYPE)


def answer_errors(app: FastAPI) -> None:
    """Let one handler answer every error of the application."""
    for kind in (YujingError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer)


def describe_problems(app: FastAPI) -> None:
    """Put the schema of problems into the description of the application."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        description = plain()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        description["components"]["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
        return description

    app.openapi = openapi  # type: ignore[method-assign] # the documented way to extend the description


async def _answer(request: Request, error: Exception) -> Response:
    match error:
        case TooManyError():
            response = problem(error.status, str(error))
            response.headers["Retry-After"] = str(error.window_seconds)
            return response
        case YujingError() if error.status < HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, PausedError):
            return problem(error.status, str(error))
        case YujingError():
            log.error("%s", error)
            return problem(error.status, "The store cannot be read as it is; the log of the service says why. Try again later.")
        case HTTPException():
            response = problem(error.status_code, error.detail)
            response.headers.update(error.headers or {})
            if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                response.headers["Allow"] = _allowed(request)
            return response
        case RequestValidationError():
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request must fit its description under /docs.", _faults(error))
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the log of the service says what.")


def _allowed(request: Request) -> str:
    """Return the methods of a path; the one route that was found knows only its own."""
    found = (route for route in iter_route_contexts(request.app.routes) if route.path_regex.match(request.scope["path"]))
    methods = {method for route in found for method in route.methods or ()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _faults(error: RequestValidationError) -> list[FieldFault]:
    return [
        FieldFault(field=".".join(str(part) for part in fault["loc"]), code=fault["type"], detail=fault["msg"]) for fault in error.errors()
    ]


class PlainErrorsAsProblems:
    """Turn plain-text errors of middleware (wrong host, body too large) into problems."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but the start and body of a plain-text error."""
        replaced = False

        async def pass_on(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_plain_error(message):
                replaced = True
                await problem(message["status"], "The host name or the size of the request is not accepted here.")(scope, receive, send)
            elif not replaced:
                await send(message)

        await self.app(scope, receive, pass_on)


def _is_plain_error(message: Message) -> bool:
    kind = dict(message["headers"]).get(b"content-type", b"")
    return bool(message["status"] >= HTTPStatus.BAD_REQUEST and kind.startswith(b"text/plain"))
