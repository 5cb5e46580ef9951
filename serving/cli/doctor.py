"""`yujing doctor`: one line per thing that must hold, so that what is wrong is found before it hurts."""

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version as installed_version

import typer

from features.errors import NotReadyError, StoreError, UsageError, YujingError
from serving.cli.console import print_table
from serving.cli.doctor_mlflow import DUTIES
from serving.cli.workspace import Workspace

Check = Callable[[Workspace], str]
"""Says what it found, or raises a YujingError that says what to do."""

FLOORS = {"fastapi": "0.165", "lightgbm": "4.6", "pyarrow": "14.0.1", "starlette": "1.0.1"}
"""Versions from which known holes are closed."""
FREE_SHARE, FREE_BYTES = 0.05, 1024**3
"""Writes need the larger of the two free."""
PRIVATE = 0o077
"""Rights that group and others must not have."""


def doctor(work: Workspace) -> None:
    """Check installation, settings and home folder."""
    results = list(_run(work))
    print_table(("", "check", "found"), results)
    if any(mark != "ok" for mark, *_ in results):
        raise typer.Exit(1)


def _run(work: Workspace) -> Iterator[tuple[str, str, str]]:
    for name, check in CHECKS.items():
        try:
            yield "ok", name, check(work)
        except YujingError as error:
            yield "FAIL", name, str(error)


def _python(_: Workspace) -> str:
    return f"{sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"


def _packages(_: Workspace) -> str:
    from packaging.version import Version

    found = {name: installed_version(name) for name in FLOORS}
    old = [f"{name} {found[name]} is below {floor}" for name, floor in FLOORS.items() if Version(found[name]) < Version(floor)]
    if old:
        raise UsageError(f"{'; '.join(old)}. Install what requirements/runtime.txt pins.")
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _font(_: Workspace) -> str:
    from training.plots.figure import FONT, font_family

    return f"{font_family()}, {FONT.stat().st_size / 1e6:.1f} MB"


def _settings(work: Workspace) -> str:
    return f"{' over '.join(map(str, work.configs)) or 'defaults'}, zone {work.settings.zone}"


def _home(work: Workspace) -> str:
    root = work.home.folder(work.home.root)
    mode = root.stat().st_mode & 0o777
    if mode & PRIVATE:
        raise StoreError(f"{root} must be readable by its owner only, found mode {mode:o}. Run chmod 700 on it.")
    return str(root.resolve())


def _disk(work: Workspace) -> str:
    usage = shutil.disk_usage(work.home.folder(work.home.root))
    needed = max(int(usage.total * FREE_SHARE), FREE_BYTES)
    if usage.free < needed:
        raise StoreError(f"{needed >> 20} MiB must be free, found {usage.free >> 20}. Make room before the next ingest.")
    return f"{usage.free >> 20} MiB free"


def _event_log(work: Workspace) -> str:
    return f"{work.engine.url.render_as_string()}, {work.snapshot.sequence} records"


def _walls(work: Workspace) -> str:
    from serving.accounts.row_security import check_row_security

    return check_row_security(work.engine)


def _keys(work: Workspace) -> str:
    keys = sorted(work.home.keys.glob("*")) if work.home.keys.is_dir() else []
    shared = [path.name for path in keys if path.suffix != ".public" and path.stat().st_mode & PRIVATE]
    if shared:
        raise StoreError(f"{', '.join(shared)} in {work.home.keys} must be readable by the owner only. Run chmod 600 on them.")
    return f"{len(keys)} files"


def _ledger(work: Workspace) -> str:
    from serving.rankings.ledger import verify

    last = verify(work.engine)
    return f"{last.id} lists, the last for {last.origin.as_of}" if last else "no list yet"


def _champion(work: Workspace) -> str:
    from training.registry.published import current, history

    if not history(work.engine):
        return "none yet"
    champion = current(work.home, work.engine)
    return f"version {champion.version} of {champion.manifest.target}, signature and files as published"


def _neglect(work: Workspace) -> str:
    from serving.alerts.capacity import read_revisit_interval, say_neglect

    weeks = read_revisit_interval(work.engine, work.settings.alerts)
    return "no list yet" if weeks is None else say_neglect(weeks).en


def _upkeep(work: Workspace) -> str:
    from serving.operations.health import read_operational_health

    if waiting := [text.en for text in read_operational_health(work.engine)]:
        raise NotReadyError(f"{'; '.join(waiting)}.")
    return "nothing undelivered, no day without a list"


def _address(work: Workspace) -> str:
    return f"{work.settings.serving.host}:{work.settings.serving.port}"


CHECKS: dict[str, Check] = {
    "Python": _python,
    "packages": _packages,
    "font of plots": _font,
    "settings": _settings,
    "home folder": _home,
    "free disk": _disk,
    "event log": _event_log,
    "second wall": _walls,
    "keys": _keys,
    "ledger": _ledger,
    "champion": _champion,
    "neglect limit": _neglect,
    "upkeep": _upkeep,
    **DUTIES,
    "address": _address,
}
