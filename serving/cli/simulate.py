"""`yujing simulate`: a made-up district, as files."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.output import message, progress
from serving.cli.workspace import Workspace

DEFAULT_END = date(2026, 1, 1)
"""A fixed day, so that the same command gives the same files at any time."""

PresetName = Annotated[str, typer.Option("--preset", help="nanhu, yingcheng, lianjiang, jiangbei, zhejiang or tiny.")]
Years = Annotated[int, typer.Option("--years", min=1, help="How many years.")]
End = Annotated[
    date | None, typer.Option("--end", parser=date.fromisoformat, metavar="DATE", help=f"First day after them, {DEFAULT_END} by default.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another number makes another district.")]
Out = Annotated[Path, typer.Option("--out", file_okay=False, help="Folder to make.")]


def simulate(_: Workspace, *, out: Out, preset: PresetName = "nanhu", years: Years = 4, seed: Seed = 1, end: End = None) -> None:
    """Write what a made-up district would deliver: cases, grids, projects, effort, the calendar, and apart from them the truth."""
    from features.simulation.preset import Span
    from features.simulation.presets import find_preset
    from features.simulation.simulate import Order
    from features.simulation.simulate import simulate as write

    with progress("simulate") as step:
        written = write(Order(preset, find_preset(preset), Span.of_years(years, end or DEFAULT_END), seed), out, step)
    message(f"{out}: {written.cases} cases in {written.rows} rows, {written.grids} grids. {out / 'README.md'} says how to go on.")
