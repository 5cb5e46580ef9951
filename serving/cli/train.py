"""`yujing train`: a new challenger."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from serving.cli.figures import compare_with_truth, keep, report_folder, tabulate, tabulate_gaps
from serving.cli.options import TargetName, Without
from serving.cli.output import message, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.settings import Settings
    from training.published import Published


def train(work: Workspace, *, target: TargetName = None, without: Without = None) -> None:
    """Fit a model and register it as the challenger.

    The backtest comes first; its figures go with the model.
    """
    train_and_show(work, work.settings.leaving_out(without or []), target)


def train_and_show(work: Workspace, settings: "Settings", target: str | None = None, truth: Path | None = None) -> None:
    """Train and print the backtest; with the truth of a simulation also what could be known, once the model is registered."""
    from features.derive import find_target
    from training.train import Task
    from training.train import train as fit_and_register

    definition, _ = find_target(work.snapshot, target, settings)
    facts, _ = work.facts(target)
    task = Task(facts, definition, _champion(work, facts.target_name))
    trained = fit_and_register(work.home, task, settings, datetime.now(UTC), progress)
    result, gaps = compare_with_truth(trained.result, truth, settings) if truth else (trained.result, [])
    keep(trained.report, result, report_folder(work.home, result))
    tabulate(result)
    tabulate_gaps(gaps)
    for objection in trained.objections:
        message(f"The gate would object: {objection}.")
    message(f"Version {trained.version} is the challenger of {facts.target_name}. Publish it with `yujing models promote`.")


def _champion(work: Workspace, target: str) -> "Published | None":
    from training.published import current, history

    return current(work.home, work.engine, target) if history(work.engine, target) else None
