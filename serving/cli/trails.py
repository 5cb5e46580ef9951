"""`yujing ledger` and `yujing audit`: is what was written still what stands there, and does a list come out the same again."""

from typing import TYPE_CHECKING

import typer

from features.errors import NotFoundError
from serving.cli.options import AsOf, TargetName
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.heads import Head


def verify_ledger(work: Workspace) -> None:
    """Check every published list, against the heads in the second place too."""
    from serving.heads import ledger_heads
    from serving.ledger import verify

    heads = _heads(work)
    last = verify(work.engine, ledger_heads(heads))
    typer.echo(f"{last.id if last else 0} lists are as they were published, {_checked(heads)}.")


def reproduce_ledger(work: Workspace, *, as_of: AsOf, target: TargetName = None) -> None:
    """Compute a published list again from its records, model and seed; every byte must be the same."""
    from serving.ledger import newest
    from serving.reproducing import reproduce

    entry = newest(work.engine, as_of, target)
    if entry is None:
        raise NotFoundError(f"a list of {as_of} must have been published, found none. `yujing rank` publishes one.")
    reproduce(work.home, work.engine, work.settings, entry)
    origin = entry.origin
    made_from = f"records 1 to {origin.sequence}, model {origin.model_hash[:12]} and seed {origin.seed}"
    typer.echo(f"List {entry.ranking_id} of {as_of} comes out the same, byte for byte, from {made_from}.")


def verify_audit(work: Workspace) -> None:
    """Check every entry of the audit trail, against the heads in the second place too."""
    from serving.audit import verify
    from serving.heads import audit_heads

    heads = _heads(work)
    count = verify(work.engine, audit_heads(heads))
    typer.echo(f"{count} entries are as they were written, {_checked(heads)}.")


def _heads(work: Workspace) -> "list[Head]":
    from serving.heads import read_heads

    folder = work.settings.serving.checkpoint_dir
    return read_heads(work.home, folder) if folder else []


def _checked(heads: "list[Head]") -> str:
    return f"checked against {len(heads)} heads, the last of {heads[-1].at}" if heads else "checked against no second place"
