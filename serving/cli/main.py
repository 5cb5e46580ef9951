"""The program itself: its global options, its commands, and how a fault is told."""

import os
import sys
from codecs import lookup
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from features.errors import YujingError
from features.storage.home import Home
from serving.cli.accounts import (
    add_account,
    change_account,
    disable_account,
    enable_account,
    import_accounts,
    issue_token,
    list_accounts,
    reset_account,
    unlock_account,
)
from serving.cli.alerts import forecast_alerts, list_alerts, retry_webhooks, show_alert, transition_alert
from serving.cli.backtest import backtest
from serving.cli.bench import bench
from serving.cli.console import message
from serving.cli.data import ingest, inspect, panel, simulate
from serving.cli.demo import demo
from serving.cli.doctor import doctor
from serving.cli.models import compare_models, list_models, promote_model, rollback_model, show_model, train
from serving.cli.operations import (
    archive,
    backup,
    export_ledger,
    list_keys,
    migrate,
    move,
    pause_publishing,
    prune,
    reproduce_ledger,
    restore,
    resume_publishing,
    rotate_key,
    verify_audit,
    verify_ledger,
)
from serving.cli.rank import explain, rank
from serving.cli.reports import brief, monitor, report, verification
from serving.cli.serve import serve
from serving.cli.workspace import ConfigOption, HomeOption, Workspace, add_command

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

FAILED = 1


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version as installed_version

        typer.echo(installed_version("yujing"))
        raise typer.Exit


@app.callback()
def yujing(
    context: typer.Context,
    home: HomeOption = None,
    config: ConfigOption = None,
    version: Annotated[  # noqa: ARG001 - its callback acts before anything else is read
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Area-level early warning (事前预警): which grids need earlier mediation and service, why, and how sure that is."""
    context.obj = Workspace(Home(home or Path(os.environ.get("YUJING_HOME", "var"))), config)


for command in (
    demo,
    simulate,
    inspect,
    ingest,
    panel,
    backtest,
    train,
    rank,
    explain,
    monitor,
    brief,
    report,
    verification,
    serve,
    backup,
    restore,
    move,
    migrate,
    archive,
    prune,
    bench,
    doctor,
):
    add_command(app, command)

GROUPS: dict[tuple[str, str], dict[str, Callable[..., None]]] = {
    ("models", "Trained and published models."): {
        "list": list_models,
        "show": show_model,
        "compare": compare_models,
        "promote": promote_model,
        "rollback": rollback_model,
    },
    ("accounts", "Who may sign in."): {
        "add": add_account,
        "import": import_accounts,
        "list": list_accounts,
        "disable": disable_account,
        "enable": enable_account,
        "change": change_account,
        "reset": reset_account,
        "unlock": unlock_account,
        "token": issue_token,
    },
    ("alerts", "What is to be looked at."): {
        "list": list_alerts,
        "show": show_alert,
        "transition": transition_alert,
        "forecast": forecast_alerts,
    },
    ("webhooks", "Programs that are told about alerts."): {"retry": retry_webhooks},
    ("publishing", "The off switch."): {"pause": pause_publishing, "resume": resume_publishing},
    ("ledger", "Published lists."): {"verify": verify_ledger, "reproduce": reproduce_ledger, "export": export_ledger},
    ("audit", "Who did what."): {"verify": verify_audit},
    ("keys", "Keys of the home."): {"list": list_keys, "rotate": rotate_key},
}

RENAMED: dict[tuple[str, str], tuple[str, Callable[..., None]]] = {
    ("alerts", "step"): ("alerts transition", transition_alert),
    ("alerts", "expected"): ("alerts forecast", forecast_alerts),
    ("alerts", "resend"): ("webhooks retry", retry_webhooks),
}
"""Commands under the names they had, kept for one release and left out of the help."""

for (group, purpose), group_commands in GROUPS.items():
    commands = typer.Typer(no_args_is_help=True, help=purpose)
    for name, command in group_commands.items():
        add_command(commands, command, name)
    for (place, old_name), (new_name, command) in RENAMED.items():
        if place == group:
            add_command(commands, command, old_name, now_called=new_name)
    app.add_typer(commands, name=group)


def _write_chinese() -> None:
    """Let output be UTF-8 where the environment says ASCII, in which nothing here could be told."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and lookup(stream.encoding).name == "ascii":
            stream.reconfigure(encoding="utf-8")


def main() -> None:
    """Run `yujing`: exit 0 when done, 1 when something failed (told in one line on stderr), 2 on wrong usage."""
    # Whatever a library writes, and whoever is started from here, files are their owner's alone.
    os.umask(0o077)
    _write_chinese()
    # OpenMP reads this once, when LightGBM is imported: idle threads sleep instead of burning the cores of their neighbours.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except YujingError as error:
        message(f"yujing: {error}")
        sys.exit(FAILED)
    except OSError as error:
        place = error.filename or "a file"
        message(
            f"yujing: {place} must be open to this command, found: {error.strerror or error}. Check the disk, the folder and its rights."
        )
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
