"""`yujing bench`: the panel's speed and memory beside its peers, with limits."""

import tempfile
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import AsJson, json_text, message, print_table, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.benchmark.measure import Limit, Report

MISSED = 1


class Preset(StrEnum):
    """Names of `SIZES`."""

    SMALL = "small"
    ZHEJIANG = "zhejiang"


PresetName = Annotated[Preset, typer.Option("--preset", help="How large a log: 11.3 million cases in 109,000 grids, or small.")]


Steps = Annotated[bool, typer.Option("--steps", help="Measure each step by the size of a log instead: seconds, memory, ratios.")]
Grids = Annotated[list[int] | None, typer.Option("--grids", min=20, help="Sizes for --steps, 605, 10000 and 109000 by default.")]
Out = Annotated[Path | None, typer.Option("--out", file_okay=False, help="Folder for steps.json and steps.png of --steps.")]

SIZES_OF_STEPS = (605, 10_000, 109_000)
COLUMNS = ("grids", "step", "wall s", "CPU s", "peak MiB", "against", "ratio")


def bench(
    work: Workspace,
    *,
    preset: PresetName = Preset.ZHEJIANG,
    steps: Steps = False,
    grids: Grids = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Measure the panel beside its peers, on a made-up log; with --steps every step by the size of a log.

    Everything runs in turns on the same machine, so ratios are compared with limits; exit code 1 where one is missed.
    """
    from features.benchmark.measure import run
    from features.benchmark.synthetic_log import SIZES

    if steps:
        _bench_steps(work, tuple(grids or SIZES_OF_STEPS), out, as_json)
        return
    size = SIZES[preset]
    message(f"bench: making a log of {size.cases} cases in {size.grids} grids")
    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder, progress("bench") as step:
        report = run(size, Path(folder), work.settings, work.settings, step)
    if as_json:
        typer.echo(json_text({**asdict(report), "kept": report.kept}))
    else:
        _tabulate(report)
    if not report.kept:
        raise typer.Exit(MISSED)


def _bench_steps(work: Workspace, sizes: tuple[int, ...], out: Path | None, as_json: bool) -> None:
    from serving.scoring.benchmark import list_costs
    from training.benchmark import measure_steps
    from training.plots.draw import draw_costs

    settings, costs = work.settings, []
    for size in sizes:
        with progress(f"{size} grids") as step:
            costs += list(measure_steps(size, settings, settings, settings.model, step, partial(list_costs, settings=settings)))
    content = json_text({"steps": [asdict(cost) for cost in costs]})
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "steps.json").write_text(content + "\n", encoding="utf-8")
        names = dict.fromkeys(cost.step for cost in costs)
        (out / "steps.png").write_bytes(draw_costs({name: {cost.grids: cost.cpu for cost in costs if cost.step == name} for name in names}))
    if as_json:
        typer.echo(content)
        return
    rows = [(cost.grids, cost.step, cost.wall, cost.cpu, cost.peak_mib, cost.against, cost.ratio) for cost in costs]
    print_table(COLUMNS, rows)


def _tabulate(report: "Report") -> None:
    typer.echo(f"{len(report.columns)} columns ({', '.join(report.families)}), medians of {report.rounds} rounds.")
    typer.echo(f"Polars for all {report.size.as_ofs} weekly as_ofs is {report.size.as_ofs} times polars_spread, one of them each round.\n")
    print_table(("work", "wall s", "CPU s"), ((name, each.wall, each.cpu) for name, each in report.seconds.items()))
    typer.echo()
    print_table(("block_cells", "peak MB beside the panel"), ((cells, peak / 1e6) for cells, peak in report.peak_bytes.items()))
    typer.echo()
    print_table(("limit", "found", "bound", ""), (_row(limit) for limit in report.limits))


def _row(limit: "Limit") -> tuple[str, float, str, str]:
    bound = f"at most {limit.at_most:g}" if limit.at_most is not None else f"at least {limit.at_least:g}"
    return limit.name, limit.figure, bound, "kept" if limit.kept else "MISSED"
