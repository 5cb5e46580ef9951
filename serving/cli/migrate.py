"""`yujing migrate`: tables brought to those of this program, or what that would change."""

from typing import Annotated

import typer

from serving.cli.console import message, print_table
from serving.cli.workspace import Workspace

Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit 3 where the tables are to change.")]
DUE = 3


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
