"""Each of the nine duties holds as shipped, and its line fails when it is broken."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from features.errors import YujingError
from features.storage.home import Home
from serving.cli.doctor_mlflow import DUTIES
from serving.cli.main import app
from serving.cli.workspace import Workspace
from tests.support.loopback import on_loopback

API = "MLflow and API"
QUICK = [name for name in DUTIES if name != API]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.folder(home.published / "model")
    home.folder(home.artifacts)
    return home


def failing(home: Home, duties: Collection[str] = QUICK) -> list[str]:
    """Return which duties fail."""
    return [name for name in duties if not holds(name, home)]


def holds(name: str, home: Home) -> bool:
    try:
        return bool(DUTIES[name](Workspace(home, None)))
    except YujingError:
        return False


@dataclass
class Server:
    """Answers what an MLflow server answers that is set up with care, but for its faults."""

    any_host: bool = False
    open_files: bool = False
    login: str | None = "Basic kept to oneself"
    """What lets somebody in; None lets in everybody."""

    def app(self, _: str) -> Starlette:
        return Starlette(routes=[Route("/api/2.0/{path:path}", self.answer)])

    def answer(self, request: Request) -> Response:
        if not self.any_host and not request.headers["Host"].startswith("127.0.0.1"):
            return JSONResponse({}, 403)
        if "artifacts" in request.url.path:
            return JSONResponse({}, 200 if self.open_files else 404)
        return JSONResponse({}, 200 if self.login in {None, request.headers.get("Authorization")} else 401)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that the environment names."""
    server = Server()
    with on_loopback(server.app) as base:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", base)
        yield server


@pytest.mark.full
def test_doctor_says_that_all_nine_hold_as_shipped(home: Home) -> None:
    lines = CliRunner().invoke(app, ["--home", str(home.root), "doctor"]).stdout.splitlines()

    assert list(DUTIES) == [name for line in lines for name in DUTIES if line.startswith("ok") and f" {name} " in line]
    assert (9, []) == (len(DUTIES), failing(home, DUTIES))


def test_careful_server_fails_only_for_being_on_this_machine(home: Home, serve: Server) -> None:
    assert ["MLflow store"] == failing(home)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ({"any_host": True}, "MLflow address"),
        ({"open_files": True}, "MLflow files"),
        ({"login": None}, "MLflow login"),
        ({"login": "Basic YWRtaW46cGFzc3dvcmQxMjM0"}, "MLflow login"),
    ],
)
def test_careless_server_is_found(home: Home, serve: Server, fault: dict[str, object], found: str) -> None:
    vars(serve).update(fault)

    assert ["MLflow store", found] == failing(home)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("MLFLOW_TRACKING_URI", "file:///srv/mlruns", "MLflow store"),
        ("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true", "MLflow pickles"),
        ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "True", "MLflow jobs"),
    ],
)
def test_switch_that_is_set_is_found(home: Home, monkeypatch: pytest.MonkeyPatch, name: str, value: str, found: str) -> None:
    monkeypatch.setenv(name, value)

    assert [found] == failing(home)


def test_old_version_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.cli.doctor_mlflow.installed_version", lambda _: "3.10.1")

    assert ["MLflow version"] == failing(home)


@pytest.mark.parametrize("path", ["published/model/model.pkl", "mlartifacts/run/model/model.skops"])
def test_model_that_is_unpickled_is_found(home: Home, path: str) -> None:
    (home.root / path).parent.mkdir(parents=True, exist_ok=True)
    (home.root / path).touch()

    assert ["MLflow models"] == failing(home)


def test_files_that_others_can_write_are_found(home: Home) -> None:
    home.artifacts.chmod(0o775)

    assert ["MLflow files"] == failing(home)


def test_login_that_lets_everybody_read_is_found(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "auth.ini").write_text("[mlflow]\ndefault_permission = READ\n", encoding="utf-8")
    monkeypatch.setenv("MLFLOW_AUTH_CONFIG_PATH", str(tmp_path / "auth.ini"))

    assert ["MLflow login"] == failing(home)


def test_api_that_brings_mlflow_is_found(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['mlflow'] = sys", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert [API] == failing(home, [API])


def test_public_address_is_found_and_not_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://8.8.8.8:5000")

    assert ["MLflow address"] == failing(home, ["MLflow store", "MLflow address"])
