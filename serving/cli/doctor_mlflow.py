"""Checks that keep MLflow from being a way in: nine lines of `yujing doctor`."""

import configparser
import ipaddress
import os
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib.metadata import version as installed_version
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from features.errors import StoreError, UsageError
from serving.cli.workspace import Workspace

FLOOR = "3.11"
"""From it on known holes are closed; only the latest version is supported."""
DATABASES = ("sqlite:", "postgresql:")
TIMEOUT_SECONDS = 5
WRITABLE = 0o022
"""Rights of group and others to write."""
UNPICKLED = {".pkl", ".pickle", ".joblib", ".skops", ".cloudpickle"}
EXPERIMENTS, ARTIFACTS = "/api/2.0/mlflow/experiments/search?max_results=1", "/api/2.0/mlflow-artifacts/artifacts"
DEFAULT_LOGIN = b64encode(b"admin:password1234").decode()
NO_SERVER = "no server"
API = "import sys, serving.app; sys.exit('mlflow' in sys.modules)"


def _store(work: Workspace) -> str:
    url = os.environ.get("MLFLOW_TRACKING_URI", work.home.tracking_url)
    server = _server()
    if not url.startswith(DATABASES) and (server is None or _is_here(server)):
        raise UsageError(f"MLFLOW_TRACKING_URI must name a database, or the server of a second machine that trains, found {url!r}.")
    return url if server is None else f"{url}, for a second machine that trains"


def _address(_: Workspace) -> str:
    if (server := _server()) is None:
        return NO_SERVER
    host = urlsplit(server).hostname or ""
    if not all(ipaddress.ip_address(address).is_private for address in _addresses(host)):
        raise UsageError(f"the MLflow server must lie in a private network, found {host}. Bind it to loopback or behind the proxy.")
    status, name = _ask(server, EXPERIMENTS, {"Host": "elsewhere.example"})
    if status != HTTPStatus.FORBIDDEN or not name.startswith("uvicorn"):
        raise UsageError("the MLflow server must run on uvicorn with --allowed-hosts, found one that answers any host. Start it so.")
    return f"{host} is private and refuses other hosts"


def _version(_: Workspace) -> str:
    from packaging.version import Version

    found = installed_version("mlflow")
    if Version(found) < Version(FLOOR):
        raise UsageError(f"MLflow must be {FLOOR} or later, found {found}. Install what requirements/runtime.txt pins.")
    return found


def _no_pickle(_: Workspace) -> str:
    return _off("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "unpickle")


def _no_jobs(_: Workspace) -> str:
    return _off("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "run jobs")


def _off(name: str, deed: str) -> str:
    """Say that a switch is off: nobody has set it, and the one module that imports MLflow turns it off."""
    found = os.environ.get(name, "false")
    import training.registry.tracking  # noqa: F401 - it turns them off

    if {found.lower(), os.environ[name]} != {"false"}:
        raise UsageError(f"MLflow must not {deed}, found {name}={found}. Unset it wherever MLflow or its server is started.")
    return f"{name}=false"


def _plain_models(work: Workspace) -> str:
    from training.registry.published import FILE_NAME, SIGNATURE

    published = [path for path in work.home.published.rglob("*") if path.is_file()]
    odd = [path for path in published if path.name != SIGNATURE and not FILE_NAME.fullmatch(path.name)]
    odd += [path for path in work.home.artifacts.rglob("*") if path.suffix in UNPICKLED]
    if odd:
        raise StoreError(f"models must be LightGBM's text and JSON, found {odd[0].name}. Remove that version and train again.")
    return "text and JSON only"


def _artifacts(work: Workspace) -> str:
    folder = work.home.artifacts
    if folder.is_dir() and folder.stat().st_mode & WRITABLE:
        raise StoreError(f"{folder} must be writable by the trainer's account only. Run chmod 700 on it.")
    if (server := _server()) and _ask(server, ARTIFACTS)[0] == HTTPStatus.OK:
        raise UsageError("the MLflow server must hand out files to the trainer only, found open ones. Start it with --no-serve-artifacts.")
    return "writable by their owner only"


def _login(_: Workspace) -> str:
    if path := os.environ.get("MLFLOW_AUTH_CONFIG_PATH"):
        settings = configparser.ConfigParser()
        settings.read(path, encoding="utf-8")
        if settings.get("mlflow", "default_permission", fallback="READ") != "NO_PERMISSIONS":
            raise UsageError(f"{path} must set default_permission = NO_PERMISSIONS. Everybody reads everything otherwise.")
    if (server := _server()) is None:
        return NO_SERVER
    answers = {_ask(server, EXPERIMENTS, headers)[0] for headers in ({}, {"Authorization": f"Basic {DEFAULT_LOGIN}"})}
    if HTTPStatus.OK in answers:
        raise UsageError("the MLflow server must ask for a login that was changed, found an open one. Use --app-name basic-auth.")
    return "nobody gets in without a login, nor with the default one"


def _api_apart(_: Workspace) -> str:
    if subprocess.run([sys.executable, "-P", "-c", API], check=False, capture_output=True).returncode:  # noqa: S603 - our own program
        raise UsageError("the API must start without MLflow, and it was imported, or the API does not start. Look who imports it.")
    return "the API does not import it"


def _server() -> str | None:
    url = os.environ.get("MLFLOW_TRACKING_URI", "")
    return url.rstrip("/") if url.startswith(("http:", "https:")) else None


def _is_here(server: str) -> bool:
    return all(ipaddress.ip_address(address).is_loopback for address in _addresses(urlsplit(server).hostname or ""))


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise UsageError(f"MLFLOW_TRACKING_URI must name a host that is there, found {host!r}.") from error


def _ask(server: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Return the status of an answer of the MLflow server, and what it calls itself."""
    try:
        with urlopen(Request(server + path, headers=dict(headers or {})), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http(s), see _server
            return answer.status, answer.headers.get("Server", "")
    except HTTPError as error:
        return error.code, error.headers.get("Server", "")
    except (URLError, OSError) as error:
        raise UsageError(f"the MLflow server must answer, found {type(error).__name__}. Start it or unset MLFLOW_TRACKING_URI.") from error


DUTIES: dict[str, Callable[[Workspace], str]] = {
    "MLflow store": _store,
    "MLflow address": _address,
    "MLflow version": _version,
    "MLflow pickles": _no_pickle,
    "MLflow models": _plain_models,
    "MLflow jobs": _no_jobs,
    "MLflow files": _artifacts,
    "MLflow login": _login,
    "MLflow and API": _api_apart,
}
