"""`yujing bench`: the panel's speed and memory beside its peers, with limits."""

import tempfile
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.options import AsJson
from serving.cli.output import json_text, message, print_table, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.panel.benchmark.limits import Report


class Preset(StrEnum):
    """Sizes of the made-up log."""

    SMALL = "small"
    ZHEJIANG = "zhejiang"


PresetName = Annotated[Preset, typer.Option("--preset", help="Size of the made-up log: 109,000 grids and 11.3 million cases, or small.")]


def bench(work: Workspace, *, preset: PresetName = Preset.ZHEJIANG, as_json: AsJson = False) -> None:
    """Measure the panel's speed and memory beside peers, on a made-up log.

    Exit code 1 when a limit is missed.
    """
    from features.panel.benchmark.limits import run

    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder, progress("bench") as step:
        report = run(preset, Path(folder), work.settings, step)
    typer.echo(json_text(asdict(report))) if as_json else _print(report)
    if not report.passed:
        message("yujing: a limit was missed.")
        raise typer.Exit(1)
