"""`yujing models`: what was trained, what was published, and the gate between them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from features.provenance import login_name
from serving.cli.backtest import compare_with_truth, keep, report_folder, tabulate, tabulate_gaps
from serving.cli.console import AsJson, TargetName, Without, json_text, message, print_table, progress, records
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from training.learning.inner_validation import Tried
    from training.learning.search import Searched
    from training.registry.published import Publication, Published
    from training.registry.tracking import Registry
    from training.settings import ModelSettings

Version = Annotated[str, typer.Argument(help="Number or alias of a trained model.")]
First = Annotated[str, typer.Argument(metavar="A", help="Number or alias of a trained model.")]
Second = Annotated[str, typer.Argument(metavar="B", help="And of another.")]
By = Annotated[str, typer.Option("--by", default_factory=login_name, show_default="login name", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, as it shall stand in the record.")]
Override = Annotated[bool, typer.Option("--override", help="Publish although the gate objects; that is recorded too.")]


MODEL_COLUMNS = ("version", "trained", "aliases")
CHAMPION_COLUMNS = ("target", "champion from", "version", "by", "how", "why", "gate overruled")


def list_models(work: Workspace, *, target: TargetName = None, as_json: AsJson = False) -> None:
    """List what was trained, and who was champion when."""
    from training.registry.published import history

    zone = work.settings.tz
    trained = [(item.version, _minute(item.created_at, zone), " ".join(item.aliases)) for item in _registry(work, target).list_models()]
    champions = _champions(work, history(work.engine, target))
    if as_json:
        typer.echo(json_text({"models": records(MODEL_COLUMNS, trained), "champions": records(CHAMPION_COLUMNS, champions)}))
        return
    print_table(MODEL_COLUMNS, trained)
    print_table(CHAMPION_COLUMNS, champions)


def compare_models(work: Workspace, *, first: First, second: Second, target: TargetName = None, as_json: AsJson = False) -> None:
    """Compare two trained models, row by row of the same folds; below them the first minus the second."""
    from serving.cli.backtest import tabulate_differences, tabulate_models
    from training.registry.candidate import compare_versions

    registry = _registry(work, target)
    card = compare_versions(registry, registry.show_model(first), registry.show_model(second), work.settings.backtest)
    if as_json:
        typer.echo(json_text({"models": card.models, "differences": card.differences}))
        return
    tabulate_models(card)
    tabulate_differences(card, f"{next(iter(card.models))} minus")


def show_model(work: Workspace, *, which: Version = "champion", target: TargetName = None, as_json: AsJson = False) -> None:
    """Show the parameters and figures of one model, and when and why it was champion."""
    from features.targets import DEFAULT_TARGET
    from training.registry.published import history

    model = _registry(work, target).show_model(which)
    about = [("version", model.version), ("run", model.run_id), ("trained", _minute(model.created_at, work.settings.tz))]
    aliases = " ".join(model.aliases)
    published = [item for item in history(work.engine, target or DEFAULT_TARGET) if item.model_version == model.version]
    champions = _champions(work, published)
    if as_json:
        figures = {"parameters": dict(model.parameters), "metrics": dict(model.metrics)}
        typer.echo(json_text(dict(about) | {"aliases": aliases} | figures | {"champions": records(CHAMPION_COLUMNS, champions)}))
        return
    print_table(("model", ""), [*about, ("aliases", aliases), *sorted(model.parameters.items())])
    print_table(("metric", "value"), sorted(model.metrics.items()))
    print_table(CHAMPION_COLUMNS, champions)


def promote_model(
    work: Workspace, *, which: Version = "challenger", target: TargetName = None, reason: Reason, by: By, override: Override = False
) -> None:
    """Publish a trained model, if the gate lets it pass."""
    promote_at(work, which, target, (by, reason, override), datetime.now(UTC))


def promote_at(work: Workspace, which: str, target: str | None, approval: tuple[str, str, bool], at: datetime) -> None:
    """Publish a trained model at a moment; the approval is by whom, why, and whether against the gate."""
    from training.registry.publish import Approval, promote

    by, reason, override = approval
    approved = Approval(by, reason, at, override)
    publication = promote(work.home, work.engine, _registry(work, target), which, approved, _note)
    if publication.override:
        message(f"The gate was overruled: {publication.override}.")
    message(f"Version {publication.model_version} is champion of {publication.target}.")
    _say_ends(work, publication, at)


def _say_ends(work: Workspace, publication: "Publication", now: datetime) -> None:
    """Say where a champion may publish no list, or soon will not: its training may be long ago."""
    from serving.rankings.expiry import announced, read_expiries

    for text in announced(read_expiries(work.engine, work.settings, now, publication.target)):
        message(f"{text.en[0].upper()}{text.en[1:]}.")


def rollback_model(work: Workspace, *, target: TargetName = None, reason: Reason, by: By) -> None:
    """Return to the champion before the present one."""
    from features.targets import DEFAULT_TARGET
    from training.registry.publish import Approval, rollback, sync_aliases

    now = datetime.now(UTC)
    publication = rollback(work.home, work.engine, target or DEFAULT_TARGET, Approval(by, reason, now), _note)
    message(f"Version {publication.model_version} is champion of {publication.target} again.")
    _say_ends(work, publication, now)
    sync_aliases(work.engine, _registry(work, target), publication.target)


def _note(connection: "Connection", publication: "Publication") -> None:
    """Write a promotion or rollback into the audit trail, with what the gate objected to where it was overruled."""
    from serving.audit import OPERATOR, record

    detail = {"target": publication.target, "version": publication.model_version, "by": publication.published_by}
    detail |= {"reason": publication.reason, "override": publication.override}
    record(connection, OPERATOR, f"model.{publication.kind}", publication.model_hash, detail, publication.published_at)


def _champions(work: Workspace, publications: "Sequence[Publication]") -> list[tuple[Any, ...]]:
    """Return the rows of `CHAMPION_COLUMNS`."""
    return [
        (
            item.target,
            _minute(item.published_at, work.settings.tz),
            item.model_version,
            item.published_by,
            item.kind,
            item.reason,
            item.override,
        )
        for item in publications
    ]


def _registry(work: Workspace, target: str | None) -> "Registry":
    from features.targets import DEFAULT_TARGET
    from training.registry.tracking import open_registry

    return open_registry(work.home, target or DEFAULT_TARGET)


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")


Trials = Annotated[int, typer.Option("--search", min=0, metavar="N", help="Try N settings first, inside the training part.")]


def train(work: Workspace, *, target: TargetName = None, without: Without = None, search: Trials = 0) -> None:
    """Fit a model and register it as the challenger.

    The backtest comes first; its figures go with the model.
    """
    model = work.settings.model.leaving_out(without or [])
    found = _search(work, model, target, search) if search else None
    train_and_show(work, found.model if found else model, target, trials=found.trials if found else ())


def _search(work: Workspace, model: "ModelSettings", target: str | None, trials: int) -> "Searched":
    """Return the best that was tried before the test part begins."""
    from features.panel.build import build_panel
    from training.evaluation.backtest import set_stage
    from training.learning.folds import Gap, ripe_as_ofs
    from training.learning.search import search

    facts, horizon = work.facts_to_learn(target)
    settings, gap = work.settings, Gap(horizon, work.settings.delay_allowance_days)
    with progress("panel") as step:
        panel = build_panel(facts, ripe_as_ofs(facts, gap, settings.backtest), horizon, settings, step)
    stage, folds = set_stage(facts, panel, gap, settings.backtest, model)
    with progress("search") as step:
        found = search(work.home, stage.seen_by(folds[0]), model, trials, step)
    message(f"Searched: {found.tried} settings, {found.pruned} of them broken off; deviance {found.before:.4f} -> {found.deviance:.4f}.")
    return found


def train_and_show(
    work: Workspace,
    model: "ModelSettings",
    target: str | None = None,
    truth: Path | None = None,
    trials: "tuple[Tried, ...]" = (),
    today: date | None = None,
) -> None:
    """Train and print the backtest; with the truth of a simulation also what could be known, once the model is registered.

    With `today` nothing that became known on that day or later is learnt from, so that lists of these days may be judged.
    """
    from features.days import day_number
    from features.facts.derive import find_target
    from training.learning.folds import Gap
    from training.train import Task
    from training.train import train as fit_and_register

    settings = work.settings
    definition, _ = find_target(work.log.feeds, target, settings)
    facts, _ = work.facts_to_learn(target)
    if today is not None:
        facts = replace(facts, known_through_day=min(facts.known_through_day, day_number(today) - 1))
    gap = Gap(definition.horizon_days or settings.horizon_days, settings.delay_allowance_days)
    task = Task(facts, definition, _champion(work, facts.target_name), gap, settings, settings.backtest, model, trials, settings.charter)
    trained = fit_and_register(work.home, task, datetime.now(UTC), progress)
    result, gaps = compare_with_truth(trained.result, truth, settings.backtest) if truth else (trained.result, [])
    keep(trained.report, result, report_folder(work.home, result))
    tabulate(result)
    tabulate_gaps(gaps)
    for objection in trained.objections:
        message(f"The gate would object: {objection}.")
    message(f"Version {trained.version} is the challenger of {facts.target_name}. Publish it with `yujing models promote`.")


def _champion(work: Workspace, target: str) -> "Published | None":
    from training.registry.published import current, history

    return current(work.home, work.engine, target) if history(work.engine, target) else None
