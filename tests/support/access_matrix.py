"""Routes x objects x accounts: many requests to one application, without a network or a client in between."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI

from tests.support.pdf_pages import page_texts

ANY_OBJECT = "{object}"
"""Stands in a request where the id of an object goes."""
PINNING = ("date", "target", "cursor")
"""Parameters that choose a list, not a part of it."""
NAMING = ("parent", "area", "grid_id", "alert_id")
"""Fields of a body that name an object."""
TAG = "if-match"
REQUEST_ID = "one-of-the-matrix"
"""Goes with every request, so that answers that say the same are equal."""


@dataclass(frozen=True)
class Request:
    """A request as it goes to the application."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict, hash=False)

    def about(self, thing: str) -> "Request":
        """Return the same request about one object."""
        query = tuple((name, value.replace(ANY_OBJECT, thing)) for name, value in self.query)
        headers = {name: value.replace(ANY_OBJECT, thing) for name, value in self.headers.items()}
        return Request(self.method, self.path.replace(ANY_OBJECT, thing), query, self.body.replace(ANY_OBJECT, thing), headers)

    def with_headers(self, **headers: str) -> "Request":
        """Return the same request with more headers."""
        return Request(
            self.method, self.path, self.query, self.body, self.headers | {name.replace("_", "-"): each for name, each in headers.items()}
        )


@dataclass(frozen=True)
class Answer:
    """What the application says."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """All of it, headers too."""
        written = "".join(page_texts(self.body)) if self.body.startswith(b"%PDF-") else self.body.decode("utf-8-sig")
        return json.dumps(self.headers) + written


class Application:
    """A running application that answers in this process."""

    def __init__(self, app: FastAPI, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state

    async def ask(self, request: Request) -> Answer:
        """Return the answer to one request."""
        sent: list[Any] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": request.body.encode(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(self._scope(request), receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    def _scope(self, request: Request) -> dict[str, Any]:
        headers = {
            "host": "localhost",
            "content-type": "application/json",
            "content-length": str(len(request.body.encode())),
            "x-request-id": REQUEST_ID,
        } | request.headers
        return {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
            "method": request.method, "path": request.path, "raw_path": quote(request.path).encode(),
            "query_string": urlencode(request.query).encode(), "client": ("127.0.0.1", 1), "server": ("localhost", 80),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()], "state": dict(self._state),
        }  # fmt: skip


def by(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[Application]:
    """Start an application and stop it at the end."""
    async with app.router.lifespan_context(app) as state:
        yield Application(app, dict(state or {}))


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and description of every operation of an OpenAPI file."""
    for path, methods in description["paths"].items():
        for method, about in methods.items():
            yield method.upper(), path, about


def requests_of(description: dict[str, Any]) -> list[Request]:
    """Return every operation that can name an object, with an object wherever it can, and each closed list gone through."""
    found = []
    for method, path, about in operations(description):
        named = "/".join(ANY_OBJECT if part.startswith("{") else part for part in path.split("/"))
        body, parameters = _body(about, description), about.get("parameters", [])
        found += [Request(method, named, query, body, _headers(parameters)) for query in _queries(parameters)]
    return [request for request in found if ANY_OBJECT in f"{request.path} {request.query} {request.body}"]


def changes_of(description: dict[str, Any]) -> list[Request]:
    """Return every operation that takes a body, with one that fits."""
    found = [(method, path.replace("{", "").replace("}", ""), _body(about, description)) for method, path, about in operations(description)]
    return [Request(method, path, body=body) for method, path, body in found if body]


def _queries(parameters: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield queries: none, each object alone and with every value of every other parameter."""
    choices = {each["name"]: _choices(each["schema"]) for each in parameters if each["in"] == "query" and each["name"] not in PINNING}
    objects = [((name, ANY_OBJECT),) for name, values in choices.items() if ANY_OBJECT in values]
    for base in ((), *objects):
        yield base
        yield from ((*base, (name, value)) for name, values in choices.items() for value in values if value != ANY_OBJECT)


def _choices(schema: dict[str, Any]) -> list[str]:
    kinds = [schema, *schema.get("anyOf", [])]
    if closed := next((kind["enum"] for kind in kinds if "enum" in kind), None):
        return [str(value) for value in closed]
    return ["2"] if any(kind.get("type") == "integer" for kind in kinds) else [ANY_OBJECT]


def _headers(parameters: list[dict[str, Any]]) -> dict[str, str]:
    """Return the headers that must be there, a tag being that of the object as it was at first."""
    needed = {each["name"]: each["schema"]["examples"][0] for each in parameters if each["in"] == "header" and each["required"]}
    return needed | ({TAG: f'"{ANY_OBJECT}-1"'} if TAG in needed else {})


def _body(about: dict[str, Any], description: dict[str, Any]) -> str:
    """Return a body made of the examples of its description, with an object wherever it names one."""
    if "requestBody" not in about:
        return ""
    schema = about["requestBody"]["content"].get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    given = {name: each["examples"][0] for name, each in schema.get("properties", {}).items() if "examples" in each}
    return json.dumps(given | {name: ANY_OBJECT for name in NAMING if name in given})
