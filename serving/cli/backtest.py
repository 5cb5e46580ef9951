"""`yujing backtest`: how good the model and its baselines would have been."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.options import HorizonDays, Period, TargetName
from serving.cli.output import json_text, message, print_table, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.days import Days
    from features.facts import Facts
    from serving.settings import Settings
    from training.backtest import BacktestResult

JsonFile = Annotated[Path | None, typer.Option("--json", dir_okay=False, allow_dash=True, help="Write the figures as JSON; - for stdout.")]

SHOWN = ("poisson_deviance", "hit@5%", "hit@10%", "ap", "brier_skill", "ece")
"""Metrics of the table; the JSON has them all."""


def backtest(
    work: Workspace, *, target: TargetName = None, horizon_days: HorizonDays = None, period: Period, json_file: JsonFile = None
) -> None:
    """Replay the past: the model beside every baseline.

    Everything is fitted on what was known by then and judged by what followed.
    """
    from features.panel.build import build_panel
    from training.backtest import backtest as replay

    settings = _settings(work, period)
    facts, horizon = work.facts(target, horizon_days)
    as_ofs = _as_ofs(facts, horizon, period, settings)
    with progress("panel") as step:
        panel = build_panel(facts, as_ofs, horizon, settings, step)
    with progress("backtest") as step:
        result = replay(facts, panel, horizon, settings, step)
    _show(work, result, json_file)


def _settings(work: Workspace, period: Period) -> "Settings":
    if period.every is None:
        return work.settings
    replayed = work.settings.backtest.model_copy(update={"every_days": period.every})
    return work.settings.model_copy(update={"backtest": replayed})


def _as_ofs(facts: "Facts", horizon_days: int, period: Period, settings: "Settings") -> "Days":
    from features.days import NEVER, day_number
    from training.folds import Gap, ripe_as_ofs

    as_ofs = ripe_as_ofs(facts, Gap(horizon_days, settings.delay_allowance_days), settings.backtest)
    first = day_number(period.first) if period.first else 0
    until = day_number(period.until) if period.until else NEVER
    return as_ofs[(as_ofs >= first) & (as_ofs <= until)]


def _show(work: Workspace, result: "BacktestResult", json_file: Path | None) -> None:
    from training.plots import draw_backtest

    folder = work.home.folder(work.home.backtests / f"{result.target}-{result.horizon_days}d")
    for name, image in draw_backtest(result).items():
        (folder / name).write_bytes(image)
    for note in result.notes:
        message(note)
    message(f"Plots: {folder}")
    report = result.to_json()
    if json_file == Path("-"):
        typer.echo(json_text(report))
        return
    models = sorted(report["models"].items(), key=lambda item: (item[1][SHOWN[0]] is None, item[1][SHOWN[0]]))
    print_table(("model", *SHOWN), [(name, *(metrics[metric] for metric in SHOWN)) for name, metrics in models])
    if json_file:
        json_file.write_text(json_text(report) + "\n", encoding="utf-8")
