"""Running the service: `yujing ledger`, `audit`, `backup`, `restore`, `move`, `publishing`, `keys`, `migrate`, `archive` and `prune`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import NotFoundError
from serving.cli.console import DAY, AsJson, AsOf, First, TargetName, Until, day, message, print_table, show
from serving.cli.workspace import Workspace
from serving.rankings.pause_reasons import PauseReason

if TYPE_CHECKING:
    from serving.operations.integrity import Checkpoint

COLUMNS = ("key", "purpose", "fingerprint", "since", "age days", "database knows it", "can be rotated")
Name = Annotated[str, typer.Argument(help="Key as `yujing keys list` names it.")]

Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit 3 where the tables are to change.")]
DUE = 3

Before = Annotated[
    date | None,
    typer.Option("--before", parser=day, metavar=DAY, help="Lists of dates before this day; retention.lists_days ago by default."),
]
Compact = Annotated[bool, typer.Option("--compact", help="Give freed space of SQLite back to the disk; nobody can write meanwhile.")]
Backups = Annotated[
    Path | None,
    typer.Option("--backups", metavar="DIR", exists=True, file_okay=False, help="Folder in which backups lie, to prune it too."),
]
Confirmed = Annotated[bool, typer.Option("--yes", help="Remove what is listed; without it nothing is.")]
MEGABYTE = 1e6


def verify_ledger(work: Workspace) -> None:
    """Check every published list, against the checkpoints in the second place too."""
    from serving.operations.integrity import ledger_heads
    from serving.rankings.ledger import verify

    heads = _heads(work)
    last = verify(work.engine, ledger_heads(heads))
    typer.echo(f"{last.id if last else 0} lists are as they were published, {_checked(heads)}.")


def reproduce_ledger(work: Workspace, *, as_of: AsOf, target: TargetName = None) -> None:
    """Compute a published list and its alerts again from its records, model and seed; every byte must be the same."""
    from serving.rankings.ledger import newest
    from serving.scoring.daily_run import reproduce

    entry = newest(work.engine, as_of, target)
    if entry is None:
        raise NotFoundError(f"a list of {as_of} must have been published, found none. `yujing rank` publishes one.")
    reproduce(work.home, work.engine, work.settings, entry)
    origin = entry.origin
    made_from = f"records 1 to {origin.sequence}, model {origin.model_hash[:12]} and seed {origin.seed}"
    typer.echo(f"List {entry.ranking_id} of {as_of} and its alerts come out the same, byte for byte, from {made_from}.")


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
    from serving.exports import table_to_csv
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
    from serving.audit import verify
    from serving.operations.integrity import audit_heads

    heads = _heads(work)
    count = verify(work.engine, audit_heads(heads))
    typer.echo(f"{count} entries are as they were written, {_checked(heads)}.")


def _heads(work: Workspace) -> "list[Checkpoint]":
    from serving.operations.integrity import read_second_place

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
    from serving.operations.backup import restore as bring_back

    restored = bring_back(folder, work.home, work.settings.database_url, fingerprint)
    where = "the database of database_url" if work.settings.database_url else work.home.root
    typer.echo(f"{restored.backup.sequence} records are in {where} as they stood {restored.backup.made_at}.")
    typer.echo("Checked: signature, every file, keys, triggers, both chains.")
    for sentence in restored.unchecked:
        message(f"Not checked: {sentence}.")


def move(work: Workspace, *, to: To) -> None:
    """Copy the whole database into another one, such as from SQLite to PostgreSQL, and verify it there."""
    from serving.operations.backup import move as copy_over

    work.refuse_without_database()
    moved = copy_over(work.home, work.engine, to)
    typer.echo(f"{moved.rows} rows, {moved.lists} lists and {moved.entries} audit entries are there, both chains as here.")
    typer.echo("Stop the service, set database_url to that address, start it again; keep the old database until the next backup.")


Reason = Annotated[PauseReason, typer.Option("--reason", help="Why lists are neither shown nor made.")]


def pause_publishing(work: Workspace, *, reason: Reason) -> None:
    """Stop showing and making lists; open alerts stay workable."""
    from serving.audit import OPERATOR
    from serving.rankings.publishing import pause

    pause(work.engine, OPERATOR, reason, datetime.now(UTC))
    message("Publishing is paused; the service follows within seconds.")


def resume_publishing(work: Workspace) -> None:
    """Show and make lists again."""
    from serving.audit import OPERATOR
    from serving.rankings.publishing import resume

    resume(work.engine, OPERATOR, datetime.now(UTC))
    message("Publishing goes on.")


def list_keys(work: Workspace, *, as_json: AsJson = False) -> None:
    """List the keys of the home: what each is for, its fingerprint and how old it is."""
    from serving.operations.keys import list_keys as read_keys

    now = datetime.now(UTC)
    rows = [
        (
            key.name,
            key.purpose,
            key.fingerprint or "MISSING",
            key.since.astimezone(work.settings.tz).date() if key.since else None,
            (now - key.since).days if key.since else None,
            "yes" if key.is_known else "no",
            "yes" if key.can_rotate else "no",
        )
        for key in read_keys(work.home, work.engine)
    ]
    show(COLUMNS, rows, as_json)


def rotate_key(work: Workspace, *, name: Name) -> None:
    """Put a new key in the place of one that is old or may have leaked."""
    from features.database.known_keys import home_fingerprints
    from serving.operations.keys import rotate

    purpose = rotate(work.home, work.engine, name, datetime.now(UTC))
    message(f"The key {name!r} is new; its fingerprint is {home_fingerprints(work.home)[name]}. {purpose.then}".rstrip())


def migrate(work: Workspace, *, check: Check = False) -> None:
    """Bring the tables of a home up to date, as every command does; a copy of SQLite's file is kept, and there is no way back."""
    from features.database.engine import database_url, read_due_migrations

    work.refuse_without_database()
    due = read_due_migrations(database_url(work.home, work.settings))
    print_table(("step", "purpose"), due.steps)
    if not due.steps:
        message(f"The tables are of revision {due.current}, as this version wants them.")
    elif check:
        message("Nothing was changed. Make a backup with the version of before, stop every process, then run it without --check.")
        raise typer.Exit(DUE)
    else:
        work.engine.connect().close()
        message(f"The tables are of revision {due.steps[-1][0]} now; earlier versions refuse them.")


def archive(work: Workspace, *, before: Before = None, compact: Compact = False) -> None:
    """Move lists of long ago into sealed Parquet files; they stay in the chain and readable."""
    from features.database.sqlite_file import compact as give_back
    from serving.rankings.archive import archive as move_lists

    today = datetime.now(work.settings.tz).date()
    until = before or today - timedelta(days=work.settings.retention.lists_days)
    files = move_lists(work.engine, until, datetime.now(UTC))
    for file in files:
        typer.echo(f"{file.lists} lists are in {work.home.archive / file.name}, {file.size / MEGABYTE:.2f} MB, SHA-256 {file.sha256}.")
    if not files:
        message(f"No list before {until} is left to archive; those of the newest dates stay.")
    if compact:
        give_back(work.engine)


def prune(work: Workspace, *, backups: Backups = None, yes: Confirmed = False) -> None:
    """List what is older than `retention` keeps it: models, quarantine reports, job runs, backups; remove it with --yes."""
    from serving.operations.prune import find_prunable
    from serving.operations.prune import prune as remove

    now = datetime.now(UTC)
    prunable = find_prunable(work.home, work.engine, work.settings.retention, now, backups)
    listed = list(prunable)
    print_table(("what", "which", "MB"), [(kind, name, size / MEGABYTE) for kind, name, size in listed])
    if not listed:
        message("Nothing is older than the settings under `retention` keep it.")
    elif yes:
        remove(work.home, work.engine, prunable, now)
        message(f"Removed {len(listed)} of these; the audit trail says so.")
    else:
        message("Nothing was removed; add --yes for that.")
