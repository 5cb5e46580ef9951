"""`yujing backup`, `yujing restore` and `yujing move`: what cannot be made again, in a folder elsewhere, back, and in another database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import UsageError
from serving.cli.output import message
from serving.cli.workspace import Workspace

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder, best on another disk.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `yujing backup` made.")]
Signer = Annotated[str | None, typer.Option("--fingerprint", help="Of the key that must have signed it, as `yujing backup` printed it.")]
To = Annotated[str, typer.Option("--to", metavar="URL", help="Database without rows, such as postgresql://yujing@localhost/yujing.")]


def backup(work: Workspace, *, out: Out) -> None:
    """Copy database, models, keys, settings and MLflow's store, while the service runs."""
    from serving.backup import back_up, signer

    _refuse_empty_home(work)
    made = back_up(work.home, work.engine, out, datetime.now(UTC))
    typer.echo(f"{made.sequence} records and {len(made.files)} files are in {out}. Keys are among them: guard it like the home.")
    typer.echo(f"It is signed by the key {signer(work.home)}; note that elsewhere, for `yujing restore --fingerprint`.")


def restore(work: Workspace, *, folder: Folder, fingerprint: Signer = None) -> None:
    """Make the home out of a backup; signature, files, keys, triggers and both chains are checked first."""
    from serving.restoring import restore as bring_back

    restored = bring_back(folder, work.home, work.settings.database_url, fingerprint)
    where = "the database of database_url" if work.settings.database_url else work.home.root
    typer.echo(f"{restored.backup.sequence} records are in {where} as they stood {restored.backup.made_at}.")
    typer.echo("Checked: signature, every file, keys, triggers, both chains.")
    for sentence in restored.unchecked:
        message(f"Not checked: {sentence}.")


def move(work: Workspace, *, to: To) -> None:
    """Copy the whole database into another one, such as from SQLite to PostgreSQL, and verify it there."""
    from serving.moving import move as copy_over

    _refuse_empty_home(work)
    moved = copy_over(work.home, work.engine, to)
    typer.echo(f"{moved.rows} rows, {moved.lists} lists and {moved.entries} audit entries are there, both chains as here.")
    typer.echo("Stop the service, set database_url to that address, start it again; keep the old database until the next backup.")


def _refuse_empty_home(work: Workspace) -> None:
    if not work.settings.database_url and not work.home.database.exists():
        raise UsageError(f"--home must name a home with a database, found none in {work.home.root}. Check --home and the settings.")
