"""`yujing train`: a new challenger."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.figures import compare_with_truth, keep, report_folder, tabulate, tabulate_gaps
from serving.cli.options import TargetName, Without
from serving.cli.output import message, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.settings import Settings
    from training.registry.published import Published


Trials = Annotated[int, typer.Option("--search", min=0, metavar="N", help="Try N settings first, inside the training part.")]


def train(work: Workspace, *, target: TargetName = None, without: Without = None, search: Trials = 0) -> None:
    """Fit a model and register it as the challenger.

    The backtest comes first; its figures go with the model.
    """
    settings = work.settings.leaving_out(without or [])
    if search:
        settings = _search(work, settings, target, search)
    train_and_show(work, settings, target)


def _search(work: Workspace, settings: "Settings", target: str | None, trials: int) -> "Settings":
    """Return the settings with the best that was tried before the test part begins."""
    from features.panel.build import build_panel
    from training.evaluation.backtest import set_stage
    from training.learning.folds import Gap, ripe_as_ofs
    from training.learning.search import search

    facts, horizon = work.facts(target)
    as_ofs = ripe_as_ofs(facts, Gap(horizon, settings.delay_allowance_days), settings.backtest)
    with progress("panel") as step:
        panel = build_panel(facts, as_ofs, horizon, settings, step)
    stage, folds = set_stage(facts, panel, horizon, settings)
    with progress("search") as step:
        found = search(work.home, stage.seen_by(folds[0]), settings.model, trials, step)
    message(f"Searched: {found.tried} settings, {found.pruned} of them broken off; deviance {found.before:.4f} -> {found.deviance:.4f}.")
    return settings.model_copy(update={"model": found.model})


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
    from training.registry.published import current, history

    return current(work.home, work.engine, target) if history(work.engine, target) else None
