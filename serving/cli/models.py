"""`yujing models`: what was trained, what was published, and the gate between them."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from serving.cli.options import TargetName
from serving.cli.output import message, print_table
from serving.cli.workspace import Workspace

Version = Annotated[str, typer.Argument(help="Number or alias of a trained model.")]
By = Annotated[str, typer.Option("--by", default_factory=getpass.getuser, show_default="login name", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, as it shall stand in the record.")]
Override = Annotated[bool, typer.Option("--override", help="Publish although the gate objects; that is recorded too.")]


def list_models(work: Workspace) -> None:
    """List what was trained, the newest first, and who was champion when."""
    from training.published import history
    from training.tracking import open_registry

    models = open_registry(work.home).list_models()
    print_table(("version", "trained", "aliases"), [(item.version, _minute(item.created_at), " ".join(item.aliases)) for item in models])
    print_table(
        ("target", "champion from", "version", "by", "how", "why"),
        [
            (item.target, _minute(item.published_at), item.model_version, item.published_by, item.kind, item.reason)
            for item in history(work.engine)
        ],
    )


def show_model(work: Workspace, *, which: Version = "champion") -> None:
    """Show one model: its parameters and what the backtest said of it."""
    from training.tracking import open_registry

    model = open_registry(work.home).show_model(which)
    rows = [("version", model.version), ("run", model.run_id), ("trained", _minute(model.created_at)), ("aliases", " ".join(model.aliases))]
    print_table(("model", ""), [*rows, *sorted(model.parameters.items())])
    print_table(("metric", "value"), sorted(model.metrics.items()))


def promote_model(work: Workspace, *, which: Version = "challenger", reason: Reason, by: By, override: Override = False) -> None:
    """Publish a trained model, if the gate lets it pass."""
    from training.publish import Approval, promote
    from training.tracking import open_registry

    approval = Approval(by, reason, datetime.now(UTC), override)
    publication = promote(work.home, work.engine, open_registry(work.home), which, approval)
    if publication.override:
        message(f"The gate was overruled: {publication.override}.")
    message(f"Version {publication.model_version} is champion of {publication.target}.")


def rollback_model(work: Workspace, *, target: TargetName = None, reason: Reason, by: By) -> None:
    """Return to the champion before the present one."""
    from features.facts import DEFAULT_TARGET
    from training.publish import Approval, rollback

    publication = rollback(work.home, work.engine, target or DEFAULT_TARGET, Approval(by, reason, datetime.now(UTC)))
    message(f"Version {publication.model_version} is champion of {publication.target} again.")


def _minute(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="minutes")
