"""What a backtest found, for a person to read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.home import Home
from serving.cli.output import message, print_table

if TYPE_CHECKING:
    from serving.settings import Settings
    from training.evaluation.backtest import BacktestResult
    from training.evaluation.oracle import Gap
    from training.evaluation.scorecard import Scorecard

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


def compare_with_truth(result: "BacktestResult", truth: Path, settings: "Settings") -> "tuple[BacktestResult, list[Gap]]":
    """Return a finished backtest with what could be known beside the models, and how much of it is known."""
    from training.evaluation.oracle import add_oracle, gaps

    judged = add_oracle(result, truth, settings.backtest)
    return judged, gaps(judged, settings.backtest)


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
