"""`yujing ledger`, `audit`, `backup`, `restore`, `move` and `publishing`: running the service."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import NotFoundError
from serving.cli.console import AsOf, First, TargetName, Until, message
from serving.cli.workspace import Workspace
from serving.rankings.pause_reasons import PauseReason

if TYPE_CHECKING:
    from serving.operations.checkpoints import Checkpoint


def verify_ledger(work: Workspace) -> None:
    """Check every published list, against the checkpoints in the second place too."""
    from serving.operations.checkpoints import ledger_heads
    from serving.rankings.ledger import verify

    heads = _heads(work)
    last = verify(work.engine, ledger_heads(heads))
    typer.echo(f"{last.id if last else 0} lists are as they were published, {_checked(heads)}.")


def reproduce_ledger(work: Workspace, *, as_of: AsOf, target: TargetName = None) -> None:
    """Compute a published list again from its records, model and seed; every byte must be the same."""
    from serving.rankings.ledger import newest
    from serving.scoring.reproduce import reproduce

    entry = newest(work.engine, as_of, target)
    if entry is None:
        raise NotFoundError(f"a list of {as_of} must have been published, found none. `yujing rank` publishes one.")
    reproduce(work.home, work.engine, work.settings, entry)
    origin = entry.origin
    made_from = f"records 1 to {origin.sequence}, model {origin.model_hash[:12]} and seed {origin.seed}"
    typer.echo(f"List {entry.ranking_id} of {as_of} comes out the same, byte for byte, from {made_from}.")


@dataclass(frozen=True)
class Exported:
    """Part of the lists that is written, and where to."""

    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="File to write: .csv or .parquet.")]
    area: Annotated[str, typer.Option("--area", metavar="PATH", help="Codes from the top joined by /; all areas by default.")] = ""
    first: First = None
    until: Until = None


def export_ledger(work: Workspace, *, target: TargetName = None, exported: Exported) -> None:
    """Write the grids of all published lists as one table for BI tools, and beside it a dictionary of its columns."""
    from serving.accounts.permissions import Scope
    from serving.cli.data import table_writer
    from serving.exports.csv_file import table_to_csv
    from serving.rankings.table import Wanted, describe, read_table

    write = table_writer(exported.out)
    table = read_table(work.engine, Wanted(Scope(exported.area), exported.first, exported.until, target))
    if table.is_empty():
        raise NotFoundError("a list of this area, target and time must have been published, found none. `yujing rank` publishes one.")
    if exported.out.suffix == ".csv":  # names of grids come from outside, and a spreadsheet would run what looks like a formula
        exported.out.write_bytes(table_to_csv(table.columns, table.iter_rows()))
    else:
        write(table)
    words = exported.out.with_suffix(".dictionary.csv")
    describe().write_csv(words)
    message(f"{exported.out}: {table.height} rows of {table['ranking_id'].n_unique()} lists, described in {words}.")


def verify_audit(work: Workspace) -> None:
    """Check every entry of the audit trail, against the checkpoints in the second place too."""
    from serving.audit.audit_log import verify
    from serving.operations.checkpoints import audit_heads

    heads = _heads(work)
    count = verify(work.engine, audit_heads(heads))
    typer.echo(f"{count} entries are as they were written, {_checked(heads)}.")


def _heads(work: Workspace) -> "list[Checkpoint]":
    from serving.operations.checkpoints import read_second_place

    heads = read_second_place(work.home, work.settings.serving.checkpoint_dir)
    if not heads:
        message("NOT CHECKED: whether newest entries were cut off or the chain was written anew; no checkpoint lies in a second place.")
    return heads


def _checked(heads: "list[Checkpoint]") -> str:
    return f"checked against {len(heads)} checkpoints, the last of {heads[-1].at}" if heads else "checked against no second place"


Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder, best on another disk.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `yujing backup` made.")]
Signer = Annotated[str | None, typer.Option("--fingerprint", help="Of the key that must have signed it, as `yujing backup` printed it.")]
To = Annotated[str, typer.Option("--to", metavar="URL", help="Database without rows, such as postgresql://yujing@localhost/yujing.")]


def backup(work: Workspace, *, out: Out) -> None:
    """Copy database, models, keys, settings and MLflow's store, while the service runs."""
    from serving.operations.backup import back_up, signer

    work.refuse_without_database()
    made = back_up(work.home, work.engine, out, datetime.now(UTC))
    typer.echo(f"{made.sequence} records and {len(made.files)} files are in {out}. Keys are among them: guard it like the home.")
    typer.echo(f"It is signed by the key {signer(work.home)}; note that elsewhere, for `yujing restore --fingerprint`.")


def restore(work: Workspace, *, folder: Folder, fingerprint: Signer = None) -> None:
    """Make the home out of a backup; signature, files, keys, triggers and both chains are checked first."""
    from serving.operations.restore import restore as bring_back

    restored = bring_back(folder, work.home, work.settings.database_url, fingerprint)
    where = "the database of database_url" if work.settings.database_url else work.home.root
    typer.echo(f"{restored.backup.sequence} records are in {where} as they stood {restored.backup.made_at}.")
    typer.echo("Checked: signature, every file, keys, triggers, both chains.")
    for sentence in restored.unchecked:
        message(f"Not checked: {sentence}.")


def move(work: Workspace, *, to: To) -> None:
    """Copy the whole database into another one, such as from SQLite to PostgreSQL, and verify it there."""
    from serving.operations.move import move as copy_over

    work.refuse_without_database()
    moved = copy_over(work.home, work.engine, to)
    typer.echo(f"{moved.rows} rows, {moved.lists} lists and {moved.entries} audit entries are there, both chains as here.")
    typer.echo("Stop the service, set database_url to that address, start it again; keep the old database until the next backup.")


Reason = Annotated[PauseReason, typer.Option("--reason", help="Why lists are neither shown nor made.")]


def pause_publishing(work: Workspace, *, reason: Reason) -> None:
    """Stop showing and making lists; open alerts stay workable."""
    from serving.audit.audit_log import OPERATOR
    from serving.rankings.publishing import pause

    pause(work.engine, OPERATOR, reason, datetime.now(UTC))
    message("Publishing is paused; the service follows within seconds.")


def resume_publishing(work: Workspace) -> None:
    """Show and make lists again."""
    from serving.audit.audit_log import OPERATOR
    from serving.rankings.publishing import resume

    resume(work.engine, OPERATOR, datetime.now(UTC))
    message("Publishing goes on.")
