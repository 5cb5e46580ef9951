"""`yujing backtest`: how good the model and its baselines would have been."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.figures import compare_with_truth, keep, report_folder, tabulate, tabulate_differences, tabulate_gaps
from serving.cli.options import HorizonDays, Period, TargetName, Without
from serving.cli.output import Step, json_text, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.days import Days
    from features.facts import Facts
    from features.panel.build import Panel
    from serving.settings import Settings
    from training.evaluation.backtest import BacktestResult
    from training.evaluation.scorecard import Scorecard
    from training.learning.model import Fitted

STDOUT = Path("-")


@dataclass(frozen=True)
class Output:
    """What is shown beside the models, and where the figures go."""

    truth: Annotated[
        Path | None,
        typer.Option("--truth", file_okay=False, help="Folder truth/ of the simulation: show what could be known beside the models."),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option("--report", file_okay=False, help="Fit on everything, and write the report here with what moves the model."),
    ] = None
    ablate: Annotated[bool, typer.Option("--ablate", help="Repeat it once without each family of features.")] = False
    json_file: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, allow_dash=True, help="Write the figures as JSON; - for stdout.")
    ] = None


def backtest(
    work: Workspace,
    *,
    target: TargetName = None,
    horizon_days: HorizonDays = None,
    without: Without = None,
    period: Period,
    output: Output,
) -> None:
    """Replay the past: the model beside every baseline.

    Everything is fitted on what was known by then and judged by what followed.
    """
    from features.panel.build import build_panel
    from training.evaluation.backtest import backtest as replay
    from training.report.report import Subject, make_report

    settings = _settings(work, period).leaving_out(without or [])
    facts, horizon = work.facts(target, horizon_days)
    as_ofs = _as_ofs(facts, horizon, period, settings)
    with progress("panel") as step:
        panel = build_panel(facts, as_ofs, horizon, settings, step)
    with progress("backtest") as step:
        result = replay(facts, panel, horizon, settings, step)
    ablation = _ablate(facts, panel, result, settings) if output.ablate else None
    with progress("fit") as step:
        fitted = _fit(facts, panel, result, settings, step) if output.report else None
    # nothing is learnt or predicted any more: only now may the truth be looked at
    result, gaps = compare_with_truth(result, output.truth, settings) if output.truth else (result, [])
    keep(make_report(Subject(facts, panel, result, fitted), settings), result, output.report or report_folder(work.home, result))
    found = {"share_of_gap": [asdict(gap) for gap in gaps]} if output.truth else {}
    figures = json_text(result.to_json() | found | _without(ablation))
    if output.json_file == STDOUT:
        typer.echo(figures)
        return
    tabulate(result)
    tabulate_gaps(gaps)
    if ablation:
        tabulate_differences(ablation, "what it adds")
    if output.json_file:
        output.json_file.write_text(figures + "\n", encoding="utf-8")


def _without(ablation: "Scorecard | None") -> dict[str, object]:
    return {"without": {"models": ablation.models, "differences": ablation.differences}} if ablation else {}


def _ablate(facts: "Facts", panel: "Panel", result: "BacktestResult", settings: "Settings") -> "Scorecard":
    from training.evaluation.ablation import ablate

    with progress("ablate") as step:
        return ablate(facts, panel, result, settings, step)


def _fit(facts: "Facts", panel: "Panel", result: "BacktestResult", settings: "Settings", step: Step) -> "Fitted":
    from training.learning.folds import Gap
    from training.train import fit_all

    return fit_all(facts, panel, Gap(result.horizon_days, settings.delay_allowance_days), settings.model, result.past, step)


def _settings(work: Workspace, period: Period) -> "Settings":
    if period.every is None:
        return work.settings
    replayed = work.settings.backtest.model_copy(update={"step_days": period.every})
    return work.settings.model_copy(update={"backtest": replayed})


def _as_ofs(facts: "Facts", horizon_days: int, period: Period, settings: "Settings") -> "Days":
    from features.days import NEVER, day_number
    from training.learning.folds import Gap, ripe_as_ofs

    as_ofs = ripe_as_ofs(facts, Gap(horizon_days, settings.delay_allowance_days), settings.backtest)
    first = day_number(period.first) if period.first else 0
    until = day_number(period.until) if period.until else NEVER
    return as_ofs[(as_ofs >= first) & (as_ofs <= until)]
