"""`yujing doctor`: one line per thing that must hold, so that what is wrong is found before it hurts."""

import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import NotReadyError, StoreError, UsageError, YujingError
from serving.cli.console import AsJson, json_text, print_table
from serving.cli.doctor_mlflow import DUTIES
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.operations.integrity import Vault

Check = Callable[[Workspace], str]
"""Says what it found, or raises a YujingError that says what to do."""

FLOORS = {"fastapi": "0.165", "lightgbm": "4.6", "pyarrow": "14.0.1", "starlette": "1.0.1"}
"""Versions from which known holes are closed."""
Whole = Annotated[bool, typer.Option("--whole", help="Read every list and every entry of the audit trail.")]
NO_CHARTER = "no charter is set: state charter.since and charter.until, and lists end with it"
PRIVATE = 0o077
"""Rights that group and others must not have."""


def doctor(work: Workspace, *, as_json: AsJson = False, whole: Whole = False) -> None:
    """Check installation, settings and home folder."""
    checks = CHECKS | {"ledger": _whole_ledger, "audit trail": _whole_trail} if whole else CHECKS
    results = list(_run(work, checks))
    if as_json:
        typer.echo(json_text([{"check": name, "ok": mark == "ok", "found": found} for mark, name, found in results]))
    else:
        print_table(("", "check", "found"), results)
    if any(mark != "ok" for mark, *_ in results):
        raise typer.Exit(1)


def _run(work: Workspace, checks: Mapping[str, Check]) -> Iterator[tuple[str, str, str]]:
    for name, check in checks.items():
        try:
            yield "ok", name, check(work)
        except YujingError as error:
            yield "FAIL", name, str(error)
        except Exception as error:  # noqa: BLE001 - whatever is broken, the other checks are told
            yield "FAIL", name, f"it could not be checked: {type(error).__name__}"


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
    from features.display import FONT
    from training.plots.figure import font_family

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
    from features.storage.home import check_free_disk

    return f"{check_free_disk(work.home) >> 20} MiB free"


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
    from serving.operations.integrity import check_keys

    return f"{len(keys)} files, {check_keys(_vault(work))}"


def _vault(work: Workspace) -> "Vault":
    from serving.operations.integrity import Vault

    return Vault(work.home, work.engine, work.settings.serving.checkpoint_dir)


def _guards(work: Workspace) -> str:
    from serving.operations.integrity import check_guards

    return check_guards(_vault(work))


def _ledger(work: Workspace) -> str:
    from serving.operations.integrity import check_ledger

    return check_ledger(_vault(work))


def _whole_ledger(work: Workspace) -> str:
    from serving.operations.integrity import check_ledger

    return check_ledger(_vault(work), None)


def _trail(work: Workspace) -> str:
    from serving.operations.integrity import check_trail

    return check_trail(_vault(work))


def _whole_trail(work: Workspace) -> str:
    from serving.operations.integrity import check_trail

    return check_trail(_vault(work), None)


def _jobs(work: Workspace) -> str:
    from serving.operations.jobs import job_states

    states = job_states(work.engine)
    if failed := [f"{job} failed: {state.last.fault}" for job, state in sorted(states.items()) if state.last.fault]:
        raise NotReadyError(" ".join(failed))
    return ", ".join(f"{job} {state.last.started_at:%Y-%m-%d %H:%M}Z" for job, state in sorted(states.items())) or "none ran yet"


def _champion(work: Workspace) -> str:
    from training.learning.model import Fitted
    from training.registry.local_columns import require_local_columns
    from training.registry.published import current, history

    if not history(work.engine):
        return "none yet"
    champion = current(work.home, work.engine)
    require_local_columns(champion.files, work.settings.panel.local_features)
    Fitted.from_files(champion.files)
    return f"version {champion.version} of {champion.manifest.target}, signature and files as published"


def _neglect(work: Workspace) -> str:
    from serving.alerts.capacity import read_revisit_interval, say_neglect

    weeks = read_revisit_interval(work.engine, work.settings.alerts)
    return "no list yet" if weeks is None else say_neglect(weeks).en


def _publishing(work: Workspace) -> str:
    from serving.rankings.expiry import announced, read_expiries

    expiries = read_expiries(work.engine, work.settings, datetime.now(UTC))
    if texts := announced(expiries):
        raise NotReadyError(f"{'; '.join(text.en for text in texts)}.")
    until = [f"{each.ground} until {each.last_day}" for each in expiries]
    return ", ".join(until if work.settings.charter.until else [*until, NO_CHARTER])


def _upkeep(work: Workspace) -> str:
    from serving.operations.health import read_operational_health

    if waiting := [text.en for text in read_operational_health(work.engine, work.settings.serving, datetime.now(UTC))]:
        raise NotReadyError(f"{'; '.join(waiting)}.")
    return "nothing undelivered, no day without a list, lists and data of today"


def _calendar(work: Workspace) -> str:
    from features.workdays import calendar_known_until

    until = calendar_known_until(work.settings.calendar.country)
    if until is None:
        return "public holidays by rule"
    advice = "later days are guessed from public holidays, without make-up days: upgrade chinesecalendar, or state calendar.workdays"
    return f"workdays are known until {until}; {advice}"


def _ground(work: Workspace) -> str:
    from features.eventlog.grids import check_ground

    if findings := check_ground(work.engine):
        raise StoreError(" ".join(findings))
    return "grids lie beside each other"


def _sources(work: Workspace) -> str:
    from features.eventlog.read import log_state

    retired = work.settings.intake.retired_sources
    through = log_state(work.engine).known_through
    if unknown := sorted(set(retired) - set(through)):
        known = ", ".join(through) or "none"
        raise UsageError(f"intake.retired_sources must name sources of the log, found {unknown[0]!r}. Known: {known}.")
    listed = (f"{name} until {moment:%Y-%m-%d}{' (retired)' * (name in retired)}" for name, moment in through.items())
    return ", ".join(listed) or "none yet"


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
    "sources": _sources,
    "ground": _ground,
    "calendar": _calendar,
    "second wall": _walls,
    "keys": _keys,
    "guards": _guards,
    "ledger": _ledger,
    "audit trail": _trail,
    "champion": _champion,
    "publishing": _publishing,
    "neglect limit": _neglect,
    "jobs": _jobs,
    "upkeep": _upkeep,
    **DUTIES,
    "address": _address,
}
