"""`yujing backtest`: how good the model and its baselines would have been."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.figures import compare_with_truth, draw, tabulate, tabulate_gaps
from serving.cli.options import HorizonDays, Period, TargetName
from serving.cli.output import json_text, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.days import Days
    from features.facts import Facts
    from serving.settings import Settings

Truth = Annotated[
    Path | None,
    typer.Option("--truth", file_okay=False, help="Folder truth/ of the simulation: show what could be known beside the models."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", dir_okay=False, allow_dash=True, help="Write the figures as JSON; - for stdout.")]

STDOUT = Path("-")


def backtest(
    work: Workspace,
    *,
    target: TargetName = None,
    horizon_days: HorizonDays = None,
    period: Period,
    truth: Truth = None,
    json_file: JsonFile = None,
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
    # every prediction is final: only now may the truth be looked at
    result, gaps = compare_with_truth(result, truth, settings) if truth else (result, [])
    draw(work.home, result)
    report = json_text(result.to_json() | ({"share_of_gap": [asdict(gap) for gap in gaps]} if truth else {}))
    if json_file == STDOUT:
        typer.echo(report)
        return
    tabulate(result)
    tabulate_gaps(gaps)
    if json_file:
        json_file.write_text(report + "\n", encoding="utf-8")


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
