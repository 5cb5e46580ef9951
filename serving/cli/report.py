"""`yujing report`: the situation analysis of a month or quarter."""

from pathlib import Path
from typing import Annotated

import typer

from serving.cli.options import TargetName
from serving.cli.output import message
from serving.cli.workspace import Workspace

Month = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="A month, such as 2026-10.")]
Quarter = Annotated[str | None, typer.Option("--quarter", metavar="YYYYQN", help="A quarter, such as 2026Q3.")]
Out = Annotated[Path | None, typer.Option("--out", dir_okay=False, help="A file to write too: .html, or .docx for Word.")]


def report(work: Workspace, *, month: Month = None, quarter: Quarter = None, out: Out = None, target: TargetName = None) -> None:
    """Write the situation analysis (形势分析研判) of a month or quarter.

    Small counts are masked; townships stand in the order of their codes. It is kept in the home, where pages and API offer it to
    accounts of the whole.
    """
    from features.derive import DEFAULT_TARGET
    from features.errors import UsageError
    from serving.reports import keep_report
    from serving.situation import period
    from serving.situation.html_file import to_html
    from serving.situation.report import analyse
    from serving.situation.word_file import to_docx

    writers = {".html": to_html, ".docx": to_docx}
    if out is not None and out.suffix not in writers:
        raise UsageError(f"--out must end in .html or .docx, got {out.name!r}.")
    if (month is None) == (quarter is None):
        raise UsageError("give either --month or --quarter.")
    whole = period.month(month) if month else period.quarter(quarter or "")
    page = analyse(work.snapshot, work.engine, work.settings, whole, target or DEFAULT_TARGET)
    keep_report(work.home, f"{month or quarter}-{target or DEFAULT_TARGET}", to_html(page))
    if out is not None:
        out.write_bytes(writers[out.suffix](page))
    message(f"Wrote {out}." if out else f"Kept as {month or quarter} in the home: see the export page.")
