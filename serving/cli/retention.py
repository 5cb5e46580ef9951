"""`yujing archive` and `prune`: how long records are kept, and where."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.console import DAY, day, message, print_table
from serving.cli.workspace import Workspace

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
