"""Workspace of a command: a home folder, its settings and its event log."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import NotReadyError, UsageError
from features.storage.home import Home

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from features.eventlog.read import EventLog
    from features.eventlog.snapshot import LogSnapshot
    from features.facts.facts import Facts
    from serving.operations.jobs import Run
    from serving.settings import Settings

HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder that holds everything: YUJING_HOME, else ./var.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file with settings, above the home's config.yaml and below the environment."),
]


@dataclass(frozen=True)
class Workspace:
    """One home and its settings, opened when first asked for."""

    home: Home
    named_config: Path | None

    @property
    def configs(self) -> tuple[Path, ...]:
        """The configuration files that count, the strongest first: the one that was named, then the home's own."""
        own = (self.home.config,) if self.home.config.exists() else ()
        return (self.named_config, *own) if self.named_config else own

    @cached_property
    def settings(self) -> "Settings":
        """The settings: environment over `--config` over the home's `config.yaml` over defaults."""
        from serving.settings import Settings

        return Settings.load(*self.configs)

    @property
    def has_database(self) -> bool:
        """True where the event log is there already, or the settings say where it is."""
        return bool(self.settings.database_url) or self.home.database.exists()

    def refuse_without_database(self) -> None:
        """Return quietly when there is an event log to work on.

        Raises:
            UsageError: there is none; opening it would make one.
        """
        if not self.has_database:
            raise UsageError(f"--home must name a home with a database, found none in {self.home.root}. Check --home and the settings.")

    @cached_property
    def engine(self) -> "Engine":
        """The event log, migrated to the version of this program."""
        from features.database.engine import open_home

        return open_home(self.home, self.settings)

    @cached_property
    def log(self) -> "EventLog":
        """The event log, of which only what is asked for is read."""
        from features.eventlog.read import EventLog

        return EventLog(self.home, self.engine)

    @cached_property
    def snapshot(self) -> "LogSnapshot":
        """All that the event log holds now."""
        from features.eventlog.read import read_log

        return read_log(self.home, self.engine)

    def close(self) -> None:
        """Leave the event log, if it was opened."""
        if "engine" in vars(self):
            self.engine.dispose()

    def facts_to_learn(self, target: str | None = None, horizon_days: int | None = None) -> "tuple[Facts, int]":
        """Return the facts for a target that occurred, as `facts` does.

        Raises:
            NotReadyError: it never did; the message names those that did.
        """
        from features.facts.derive import targets_that_occurred

        facts, horizon = self.facts(target, horizon_days)
        if len(facts.target.case):
            return facts, horizon
        occurred = targets_that_occurred(self.snapshot, self.settings)
        others = ", ".join(f"--target {name} ({count:,} times)" for name, count in occurred.items())
        advice = f"These did: {others}." if others else "No other did. Is the column that says so empty, such as escalated_at? Fill it."
        raise NotReadyError(f"target {facts.target_name!r} must have occurred, and never did in {len(facts.cases.grid):,} cases. {advice}")

    def facts(self, target: str | None = None, horizon_days: int | None = None) -> "tuple[Facts, int]":
        """Return the facts for one target and the days ahead: those asked for, else the target's own, else the settings'."""
        from features.facts.derive import find_target
        from features.facts.kept import read_kept_facts

        chosen, _ = find_target(self.log.feeds, target, self.settings)
        return read_kept_facts(self.log, target, self.settings), horizon_days or chosen.horizon_days or self.settings.horizon_days


@contextmanager
def _recorded(work: Workspace, command: str) -> "Iterator[dict[str, float]]":
    """Keep in the home's database how a job went; other commands leave nothing there."""
    from serving.operations.jobs import JOBS, record_run, timed

    counts: dict[str, float] = {}
    if command not in JOBS:
        yield counts
        return
    runs: list[Run] = []
    leaving: typer.Exit | None = None
    try:
        with timed(command, datetime.now(UTC)) as runs:
            try:
                yield counts
            except typer.Exit as error:  # what it found asks for attention; it did what it should
                leaving = error
    finally:
        if runs and work.has_database:
            record_run(work.engine, replace(runs[-1], counts=counts))
    if leaving:
        raise leaving


def add_command(
    app: typer.Typer, function: Callable[..., Mapping[str, float] | None], name: str | None = None, now_called: str | None = None
) -> None:
    """Make a function a command.

    Its first parameter, a Workspace, is made from --home and --config, wherever they stand; a parameter whose type is a dataclass is made
    from one option per field. A command that is `now_called` otherwise is left out of the help and says so when it runs.
    """
    parameters = list(inspect.signature(function).parameters.values())[1:]

    @functools.wraps(function)
    def run(context: typer.Context, home: Path | None, config: Path | None, **options: Any) -> None:
        if now_called:
            typer.echo(f"This command is called `yujing {now_called}` now; the old name works for one more release.", err=True)
        given: Workspace = context.find_root().obj
        work = Workspace(Home(home) if home else given.home, config or given.named_config)
        try:
            with _recorded(work, function.__name__) as counts:
                counts.update(function(work, **{parameter.name: _collect(parameter, options) for parameter in parameters}) or {})
        finally:
            work.close()

    own = [option for parameter in parameters for option in _options(parameter)]
    run.__signature__ = inspect.Signature([*_COMMON, *own])  # type: ignore[attr-defined]
    app.command(name, hidden=now_called is not None)(run)


def _option(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


_COMMON = (_option("context", typer.Context), _option("home", HomeOption, None), _option("config", ConfigOption, None))


def _options(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    if not is_dataclass(parameter.annotation):
        return [_option(parameter.name, parameter.annotation, parameter.default)]
    return [_option(field.name, field.type, field.default) for field in fields(parameter.annotation)]


def _collect(parameter: inspect.Parameter, options: dict[str, Any]) -> Any:
    if not is_dataclass(parameter.annotation):
        return options[parameter.name]
    return parameter.annotation(**{field.name: options[field.name] for field in fields(parameter.annotation)})  # type: ignore[operator]
