"""`yujing backup` and `yujing restore`: what cannot be made again, in a folder elsewhere and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import UsageError
from serving.cli.workspace import Workspace

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder, best on another disk.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `yujing backup` made.")]


def backup(work: Workspace, *, out: Out) -> None:
    """Copy database, published models and keys, while the service runs."""
    from serving.backup import back_up

    made = back_up(work.home, work.engine, out, datetime.now(UTC))
    typer.echo(f"{made.sequence} records and {len(made.files)} files are in {out}. Keys are among them: guard it like the home.")


def restore(work: Workspace, *, folder: Folder) -> None:
    """Make the home out of a backup; every file and both chains are checked."""
    from serving.backup import restore as bring_back

    if work.settings.database_url:
        raise UsageError("restore makes a SQLite file in the home, but database_url names another database. Restore that by its own tools.")
    restored = bring_back(folder, work.home)
    typer.echo(f"{restored.sequence} records are in {work.home.root} as they stood {restored.made_at}; both chains are whole.")
