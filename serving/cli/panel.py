"""`yujing panel`: the feature table."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import UsageError
from serving.cli.options import AsOf, First, TargetName
from serving.cli.output import message, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl


EveryDays = Annotated[int, typer.Option("--every", min=1, help="Days between two as_ofs.")]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="File to write: .csv or .parquet.")]


def panel(work: Workspace, *, as_of: AsOf, out: Out, first: First = None, every: EveryDays = 7, target: TargetName = None) -> None:
    """Write the feature table.

    It has one row per grid and as_of: the one given, or with --from all of a row that ends with it.
    """
    import numpy as np

    from features.days import day_number
    from features.panel.build import build_panel

    write = _writer(out)
    last = day_number(as_of)
    start = day_number(first or as_of)
    if start > last:
        raise UsageError(f"--from must not lie after --as-of, got {first} and {as_of}.")
    as_ofs = np.arange(last, start - 1, -every, dtype=np.int32)[::-1]
    facts, horizon = work.facts(target)
    with progress("panel") as step:
        table = build_panel(facts, as_ofs, horizon, work.settings, step).to_frame()
    write(table)
    message(f"{out}: {table.height} rows, {table.width} columns.")


def _writer(out: Path) -> "Callable[[pl.DataFrame], None]":
    """Choose the format by the file's ending, before the work is done."""
    writers: dict[str, Callable[[pl.DataFrame], None]] = {
        ".csv": lambda table: table.write_csv(out),
        ".parquet": lambda table: table.write_parquet(out),
    }
    if out.suffix not in writers:
        raise UsageError(f"--out must end in {' or '.join(writers)}, got {out.name!r}.")
    if not out.parent.is_dir():
        raise UsageError(f"--out must lie in a folder that is there, and {out.parent} is not. Make it first.")
    return writers[out.suffix]
