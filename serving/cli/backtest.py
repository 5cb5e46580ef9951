"""`yujing backtest`: how good the model and its baselines would have been."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import UsageError
from features.storage.home import Home
from serving.cli.console import HorizonDays, Period, TargetName, Without, json_text, message, print_table, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.days import Days
    from features.facts.facts import Facts
    from training.evaluation.backtest import BacktestResult
    from training.evaluation.metrics import Scorecard
    from training.evaluation.oracle import Gap
    from training.learning import folds
    from training.report.report import Subject
    from training.settings import BacktestSettings, ModelSettings

SHOWN = ("poisson_deviance", "hit@5%", "hit@10%", "ap", "brier_skill", "ece")
"""Metrics of the table; the JSON has them all."""
COMPARED = ("poisson_deviance", "ap", "hit@5%")
"""Metrics of which differences are shown."""


def tabulate(result: "BacktestResult") -> None:
    """Print one row per model and one per part of the rows; what cannot be estimated is a dash."""
    tabulate_models(result.overall)
    first = next(iter(result.overall.models))
    parts = [(name, *(card.models[first][metric] for metric in SHOWN), card.positives) for name, card in result.subsets.items()]
    print_table((f"{first} on", *SHOWN, "rows with an escalation"), parts)


def tabulate_models(card: "Scorecard") -> None:
    """Print one row per model, the best first."""
    models = sorted(card.models.items(), key=lambda item: (item[1][SHOWN[0]] is None, item[1][SHOWN[0]]))
    print_table(("model", *SHOWN), [(name, *(metrics[metric] for metric in SHOWN)) for name, metrics in models])


def keep(report: Mapping[str, bytes], result: "BacktestResult", folder: Path) -> None:
    """Write the files of a report and pass on the notes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in report.items():
        (folder / name).write_bytes(content)
    for note in result.notes:
        message(note)
    message(f"Report: {folder / 'report.html'}")


def report_folder(home: Home, result: "BacktestResult") -> Path:
    """Make and return the folder of the last backtest of a target."""
    return home.folder(home.backtests / f"{result.target}-{result.horizon_days}d")


def compare_with_truth(result: "BacktestResult", truth: Path, backtest: "BacktestSettings") -> "tuple[BacktestResult, list[Gap]]":
    """Return a finished backtest with what could be known beside the models, and how much of it is known."""
    from training.evaluation.oracle import add_oracle, gaps

    judged = add_oracle(result, truth, backtest)
    return judged, gaps(judged, backtest)


def tabulate_gaps(gaps: "Sequence[Gap]") -> None:
    """Print the model between the best baseline and each upper bound, and the share of that gap it closes."""
    if gaps:
        message("Share of the gap closed, from the best baseline to the oracle and to what a log can tell (knowable):")
        columns = ("rows", "metric", "best baseline", "", "model", "bound", "", "share closed", "95 % interval")
        print_table(columns, [_gap_row(gap) for gap in gaps])


def _gap_row(gap: "Gap") -> tuple[Any, ...]:
    baseline, model, bound = gap.values
    return gap.rows, gap.metric, gap.baseline, baseline, model, gap.bound, bound, gap.share, _range(gap.ci95)


def tabulate_differences(card: "Scorecard", label: str) -> None:
    """Print the first model minus each of the others, and in which interval that lies; lower deviance is better, lower AP worse."""
    columns = (label, *(cell for metric in COMPARED for cell in (metric, "95 % interval")))
    print_table(columns, [(name, *_cells(difference)) for name, difference in card.differences.items()])


def _cells(difference: Mapping[str, Mapping[str, Any]]) -> list[str | None]:
    return [_signed(bound) for metric in COMPARED for bound in (difference[metric]["value"], difference[metric]["ci95"])]


def _signed(found: float | Sequence[float] | None) -> str | None:
    if found is None:
        return None
    return f"{found:+.4f}" if isinstance(found, float) else f"{found[0]:+.4f} to {found[1]:+.4f}"


def _range(interval: Sequence[float] | None) -> str | None:
    return f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else None


STDOUT = Path("-")


@dataclass(frozen=True)
class Output:
    """Options: what is shown beside the models, and where the figures go."""

    truth: Annotated[
        Path | None,
        typer.Option("--truth", file_okay=False, help="Folder truth/ of the simulation: show what could be known beside the models."),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option("--report", file_okay=False, help="Fit on everything, and write the report here with what moves the model."),
    ] = None
    peers: Annotated[
        bool, typer.Option("--peers", help="Show well-known learners on the same folds, features and labels beside the model.")
    ] = False
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", exists=True, dir_okay=False, help="CSV or Parquet of grid_id, as_of, expected: judge it on the same rows."
        ),
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
    from training.learning.folds import Gap
    from training.report.report import Subject, make_report
    from training.train import fit_all

    settings, rules, model = work.settings, _rules(work, period, output), work.settings.model.leaving_out(without or [])
    facts, horizon = work.facts_to_learn(target, horizon_days)
    gap = Gap(horizon, settings.delay_allowance_days)
    as_ofs = _as_ofs(facts, gap, period, rules)
    with progress("panel") as step:
        panel = build_panel(facts, as_ofs, horizon, settings, step)
    with progress("backtest") as step:
        result = replay(facts, panel, gap, rules, model, step)
    ablation = _ablate(Subject(facts, panel, result, None, gap), rules, model) if output.ablate else None
    with progress("fit") as step:
        fitted = fit_all(facts, panel, gap, model, result.past, step) if output.report else None
    if output.predictions:
        result = _judge(result, output.predictions, rules)
    # nothing is learnt or predicted any more: only now may the truth be looked at
    result, gaps = compare_with_truth(result, output.truth, rules) if output.truth else (result, [])
    report = make_report(Subject(facts, panel, result, fitted, gap), settings, rules, model.seed)
    keep(report, result, output.report or report_folder(work.home, result))
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


def _judge(result: "BacktestResult", file: Path, backtest: "BacktestSettings") -> "BacktestResult":
    """Put a table of somebody's own predictions beside the models, under the name of its file."""
    from training.evaluation.own_model import add_model, judged, match_predictions, read_predictions

    predictions = match_predictions(result.predictions, read_predictions(file))
    return judged(result, add_model(result.predictions, file.stem, *predictions), backtest)


def _without(ablation: "Scorecard | None") -> dict[str, object]:
    return {"without": {"models": ablation.models, "differences": ablation.differences}} if ablation else {}


def _ablate(subject: "Subject", backtest: "BacktestSettings", model: "ModelSettings") -> "Scorecard":
    from training.evaluation.backtest import ablate, set_stage

    stage, folds = set_stage(subject.facts, subject.panel, subject.gap, backtest, model)
    with progress("ablate") as step:
        return ablate(stage, folds, subject.result, backtest, step)


def _rules(work: Workspace, period: Period, output: Output) -> "BacktestSettings":
    """Return the settings of the backtest with what the options change."""
    from training.rivals import PEERS

    changes = {"step_days": period.every} if period.every else {}
    return work.settings.backtest.model_copy(update=changes | ({"peers": PEERS} if output.peers else {}))


def _as_ofs(facts: "Facts", gap: "folds.Gap", period: Period, backtest: "BacktestSettings") -> "Days":
    from features.days import NEVER, day_number, to_date
    from training.learning.folds import ripe_as_ofs

    as_ofs = ripe_as_ofs(facts, gap, backtest)
    first = day_number(period.first) if period.first else 0
    until = day_number(period.until) if period.until else NEVER
    chosen = as_ofs[(as_ofs >= first) & (as_ofs <= until)]
    if not len(chosen):
        span = f"{to_date(as_ofs[0])} to {to_date(as_ofs[-1])}, every {backtest.step_days} days"
        raise UsageError(f"--from and --until must leave an as_of whose label is ripe; those are of {span}. Widen the period.")
    return chosen
