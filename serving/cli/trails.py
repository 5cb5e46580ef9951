"""`yujing ledger verify` and `yujing audit verify`: is what was written still what stands there."""

from typing import TYPE_CHECKING

import typer

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


def verify_audit(work: Workspace) -> None:
    """Check every entry of the audit trail, against the heads in the second place too."""
    from serving.audit import verify
    from serving.heads import audit_heads

    heads = _heads(work)
    count = verify(work.engine, audit_heads(heads))
    typer.echo(f"{count} entries are as they were written, {_checked(heads)}.")


def _heads(work: Workspace) -> "list[Head]":
    from serving.heads import read_heads

    folder = work.settings.serving.heads_folder
    return read_heads(work.home, folder) if folder else []


def _checked(heads: "list[Head]") -> str:
    return f"checked against {len(heads)} heads, the last of {heads[-1].at}" if heads else "checked against no second place"
