"""The program itself: its global options, its commands, and how a fault is told."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from features.errors import YujingError
from features.home import Home
from serving.cli.backtest import backtest
from serving.cli.bench import bench
from serving.cli.demo import demo
from serving.cli.doctor import doctor
from serving.cli.ingest import ingest
from serving.cli.models import list_models, promote_model, rollback_model, show_model
from serving.cli.output import message
from serving.cli.panel import panel
from serving.cli.rank import explain, rank
from serving.cli.serve import serve
from serving.cli.simulate import simulate
from serving.cli.train import train
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


for command in (demo, simulate, ingest, panel, backtest, train, rank, explain, serve, bench, doctor):
    add_command(app, command)

models = typer.Typer(no_args_is_help=True, help="Trained and published models.")
add_command(models, list_models, "list")
add_command(models, show_model, "show")
add_command(models, promote_model, "promote")
add_command(models, rollback_model, "rollback")
app.add_typer(models, name="models")


def main() -> None:
    """Run `yujing`: exit 0 when done, 1 when something failed (told in one line on stderr), 2 on wrong usage."""
    # OpenMP reads this once, when LightGBM is imported: idle threads sleep instead of burning the cores of their neighbours.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except YujingError as error:
        message(f"yujing: {error}")
        sys.exit(FAILED)
