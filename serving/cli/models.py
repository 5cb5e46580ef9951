"""`yujing models`: what was trained, what was published, and the gate between them."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from serving.cli.options import TargetName
from serving.cli.output import message, print_table
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from training.tracking import Registry

Version = Annotated[str, typer.Argument(help="Number or alias of a trained model.")]
By = Annotated[str, typer.Option("--by", default_factory=getpass.getuser, show_default="login name", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, as it shall stand in the record.")]
Override = Annotated[bool, typer.Option("--override", help="Publish although the gate objects; that is recorded too.")]


def list_models(work: Workspace, *, target: TargetName = None) -> None:
    """List what was trained, and who was champion when."""
    from training.published import history

    zone = work.settings.tz
    trained = [(item.version, _minute(item.created_at, zone), " ".join(item.aliases)) for item in _registry(work, target).list_models()]
    champions = [
        (item.target, _minute(item.published_at, zone), item.model_version, item.published_by, item.kind, item.reason)
        for item in history(work.engine, target)
    ]
    print_table(("version", "trained", "aliases"), trained)
    print_table(("target", "champion from", "version", "by", "how", "why"), champions)


def show_model(work: Workspace, *, which: Version = "champion", target: TargetName = None) -> None:
    """Show the parameters and figures of one model."""
    model = _registry(work, target).show_model(which)
    about = [("version", model.version), ("run", model.run_id), ("trained", _minute(model.created_at, work.settings.tz))]
    print_table(("model", ""), [*about, ("aliases", " ".join(model.aliases)), *sorted(model.parameters.items())])
    print_table(("metric", "value"), sorted(model.metrics.items()))


def promote_model(
    work: Workspace, *, which: Version = "challenger", target: TargetName = None, reason: Reason, by: By, override: Override = False
) -> None:
    """Publish a trained model, if the gate lets it pass."""
    from training.publish import Approval, promote

    approval = Approval(by, reason, datetime.now(UTC), override)
    publication = promote(work.home, work.engine, _registry(work, target), which, approval)
    if publication.override:
        message(f"The gate was overruled: {publication.override}.")
    message(f"Version {publication.model_version} is champion of {publication.target}.")


def rollback_model(work: Workspace, *, target: TargetName = None, reason: Reason, by: By) -> None:
    """Return to the champion before the present one."""
    from features.derive import DEFAULT_TARGET
    from training.publish import Approval, mirror, rollback

    publication = rollback(work.home, work.engine, target or DEFAULT_TARGET, Approval(by, reason, datetime.now(UTC)))
    message(f"Version {publication.model_version} is champion of {publication.target} again.")
    mirror(work.engine, _registry(work, target), publication.target)


def _registry(work: Workspace, target: str | None) -> "Registry":
    from features.derive import DEFAULT_TARGET
    from training.tracking import open_registry

    return open_registry(work.home, target or DEFAULT_TARGET)


def _minute(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="minutes")
