"""`yujing brief`: the brief of a day or week as text or file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import message
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.documents.paper import Language

Weekly = Annotated[bool, typer.Option("--weekly", help="The brief of the week that ends with the newest list.")]
Area = Annotated[str, typer.Option("--area", metavar="PATH", help="Codes of the area from the top, joined by /; the whole by default.")]
English = Annotated[bool, typer.Option("--english", help="In English; Chinese by default.")]
Out = Annotated[Path | None, typer.Option("--out", dir_okay=False, help="A file to write: .pdf, .docx, .html or .txt.")]


def brief(work: Workspace, *, weekly: Weekly = False, area: Area = "", english: English = False, out: Out = None) -> None:
    """Say on one page what to look at today (每日研判): where and why, what is due, what changed, what data are missing.

    Without --out it is printed.
    """
    from serving.accounts.permissions import Scope
    from serving.briefs.briefs import WRITERS, open_desk
    from serving.documents.files import check_ending, write_paper
    from serving.documents.plain_text import to_text

    if out:
        check_ending(out)
    language: Language = "en" if english else "zh"
    desk = open_desk(work.engine, work.settings, Scope(area), datetime.now(UTC), language)
    paper = WRITERS["weekly" if weekly else "daily"](desk)
    if out is None:
        typer.echo(to_text(paper))
        return
    write_paper(paper, out)
    message(f"Wrote {out}.")
