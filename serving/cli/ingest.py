"""`yujing ingest`: files into the event log."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import UsageError
from serving.cli.options import AsJson
from serving.cli.output import json_text, message, progress
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.intake.ingest import IngestReport

Files = Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Case files; none where the source file has a query.")]
Source = Annotated[str | None, typer.Option("--source", help="Name or path of a source file; without one it is the flat case file.")]
Grids = Annotated[Path | None, typer.Option("--grids", help="Flat grid file.")]
Crosswalk = Annotated[Path | None, typer.Option("--crosswalk", help="Redrawn grids: a CSV or Parquet file with old, new, share, at.")]
Undertakings = Annotated[
    list[Path] | None,
    typer.Option("--undertakings", help="Projects, campaigns, treatments, periods, shocks or effort; may be given several times."),
]

COUNTS = ("read", "accepted", "duplicate", "quarantined")


def ingest(  # noqa: PLR0913 - options of a command
    work: Workspace,
    *,
    files: Files = None,
    source: Source = None,
    grids: Grids = None,
    crosswalk: Crosswalk = None,
    undertakings: Undertakings = None,
    as_json: AsJson = False,
) -> None:
    """Append case files and files of undertakings to the event log.

    Every row read is accepted, a duplicate, or quarantined with a reason; repeating an ingest adds nothing.
    """
    from features.intake.ingest import IngestRequest
    from features.intake.ingest import ingest as take_in
    from features.intake.source_file import find_source
    from features.intake.undertaking_file import ingest_undertakings

    if not files and source is None and not undertakings:
        raise UsageError("ingest needs a FILE, a --source with a query, or --undertakings. Name one.")
    described = find_source(source) if source else None
    totals: Counter[str] = Counter()
    paths: list[Path | None] = [*files] if files else [None] if source else []
    for path in paths:
        with progress(path.name if path else str(source)) as step:
            report = take_in(work.home, work.settings, IngestRequest(path, described, grids, crosswalk), datetime.now(UTC), step)
        _tell(report)
        totals.update({name: getattr(report, name) for name in (*COUNTS, "seconds")})
    for path in undertakings or ():
        report = ingest_undertakings(work.home, work.settings, path, datetime.now(UTC))
        _tell(report)
        totals.update({name: getattr(report, name) for name in (*COUNTS, "seconds")})
    if as_json:
        typer.echo(json_text(dict(totals)))
    else:
        typer.echo(f"read {totals['read']} = " + " + ".join(f"{name} {totals[name]}" for name in COUNTS[1:]))


def _tell(report: "IngestReport") -> None:
    """Say what a reader of the counts would ask next."""
    for code, rows in sorted(report.by_code.items()):
        message(f"quarantined: {code} {rows}")
    if report.refused:
        message(f"Refused rows, without their values: {report.refused}")
    if report.left_out:
        message(f"Columns that nothing is read from: {', '.join(report.left_out)}")
    if report.normalised:
        message(f"Full-width characters made half-width in {report.normalised} cells.")
    if report.redrawn:
        message(f"Grids that were redrawn: {report.redrawn}; what happened there is shared out over those that took their place.")
