"""Names of uploaded files that lead elsewhere, on every route that takes a file: nothing is written but where uploads are held."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from features.database.access_tables import account
from features.database.engine import writing
from features.storage.home import Home
from serving.accounts.permissions import Role
from tests.support.people import token_of
from tests.support.visitors import visit_home

ROUTES = {
    "/data/files": (("file", "grids"), {}),
    "/reports/template": (("file",), {}),
    "/admin/import": (("file",), {}),
    "/score": (("file",), {"as_of": "2026-01-09"}),
}
"""Path -> fields that hold files, and what else the form needs."""
LEADING = ("../", "../../", "../../../../../../etc/", "/", "/etc/", "//", "....//", "..\\", "..\\..\\", "C:\\", "\\\\host\\share\\", "./.")
LEADING += (
    "..%2f",
    "%2e%2e/",
    "..%252f",
    "..%c0%af",
    "\u2215..\u2215",
    "\uff0e\uff0e\uff0f",
    "~/",
    "$HOME/",
    "file:///",
    "-",
    "\u202e",
    " ",
    "a/../../",
    "\0../",
)
NAMES = (
    "victim",
    "yujing.db",
    "passwd",
    "CON",
    "NUL",
    "aux",
    "COM1",
    "a\0b",
    "..",
    ".",
    "",
    "cases\r\nx",
    "长" * 300,
    "\U00020000" * 120,
    "x" * 5_000,
)
ENDINGS = (".csv", ".csv.", ".docx", "")
VICTIMS = ("victim.csv", "victim", "passwd.csv", "yujing.db.csv")
BOUNDARY = "line-between-parts"


def hostile_names() -> list[str]:
    """Return 200 names and more: each way out, each name that means something to a system, and names without end."""
    return [
        *(f"{way}{NAMES[number % len(NAMES)]}{ending}" for number, way in enumerate(LEADING) for ending in ENDINGS),
        *(f"{way}victim{ending}" for way in LEADING for ending in ENDINGS[:2]),
        *(f"{name}{ending}" for name in NAMES for ending in ENDINGS),
    ]  # fmt: skip


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Return the paths that this process opens for writing, makes or moves while the test runs; the database has its own way."""
    found: list[str] = []
    watching = [True]

    def watch(event: str, details: tuple[object, ...]) -> None:
        if not watching or event not in {"open", "os.mkdir", "os.rename", "os.link", "os.symlink"}:
            return
        flags = details[2] if event == "open" else os.O_WRONLY
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            found.extend(os.fsdecode(each) for each in details[: 1 + (event == "os.rename")] if isinstance(each, str | bytes))

    sys.addaudithook(watch)
    yield found
    watching.clear()


@pytest.fixture
def client(home: Home, empty_engine: Engine) -> Iterator[TestClient]:
    """An analyst who administers too, so that every route is open."""
    with visit_home(home, empty_engine, Role.ANALYST) as client:
        with writing(empty_engine) as connection:
            connection.execute(update(account).values(administers=True))
        client.csrf = token_of(client.get("/start").text)
        yield client


def send(client: TestClient, path: str, name: str) -> int:
    """Send a file under a name exactly as it is, and return the status."""
    fields, others = ROUTES[path]
    parts = [(f'name="{field}"', value) for field, value in {"csrf": client.csrf, **others}.items()]
    parts += [(f'name="{field}"; filename="{name}"', "a,b\n1,2\n") for field in fields]
    body = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {about}\r\n\r\n{value}\r\n" for about, value in parts)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return client.post(
        path, content=f"{body}--{BOUNDARY}--\r\n".encode(), headers={"Content-Type": kind}, follow_redirects=False
    ).status_code


def outside(paths: list[str], home: Home) -> list[str]:
    """Return paths that are neither where uploads are held, nor in a folder for temporary files of this program, nor the home itself."""
    kept = (str(home.uploads), str(Path(tempfile.gettempdir()) / "yujing-score-"))
    return [path for path in paths if not (path.startswith(kept) or path == str(home.root)) or ".." in Path(path).parts]


def test_every_route_that_takes_a_file_is_asked(client: TestClient) -> None:
    taking = {
        route.path
        for route in iter_route_contexts(client.app.routes)
        if any(type(field.field_info).__name__ == "File" for field in getattr(getattr(route, "dependant", None), "body_params", ()))
    }

    assert set(ROUTES) == taking


@pytest.mark.parametrize("path", ["/score", *(pytest.param(path, marks=pytest.mark.full) for path in ROUTES if path != "/score")])
def test_names_that_lead_elsewhere_write_nothing_outside(
    client: TestClient, home: Home, written: list[str], path: str, record_property
) -> None:
    for victim in VICTIMS:
        (home.root.parent / victim).write_text("untouched", encoding="utf-8")
    before = sorted(home.root.parent.iterdir())
    del written[:]

    statuses = {name: send(client, path, name) for name in hostile_names()}

    record_property(f"names that lead elsewhere, sent to {path}", len(statuses))
    assert len(statuses) >= 150
    assert [] == [(name[:80], status) for name, status in statuses.items() if status >= 500]
    assert [] == outside(written, home)
    assert before == sorted(home.root.parent.iterdir())
    assert {"untouched"} == {(home.root.parent / victim).read_text(encoding="utf-8") for victim in VICTIMS}


def test_name_that_is_used_as_a_path_is_caught(client: TestClient, home: Home, written: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.intake.uploads._plain", lambda name: name)
    victim = home.root.parent / "victim.csv"
    del written[:]

    with suppress(RuntimeError):  # it does not find what it wrote
        send(client, "/data/files", "../../../../victim.csv")

    assert victim.read_text(encoding="utf-8") == "a,b\n1,2\n"
    assert len(outside(written, home)) > 0
