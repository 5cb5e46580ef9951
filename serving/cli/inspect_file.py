"""`yujing inspect`: what a file holds, and a source file proposed for it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import UsageError
from features.storage.home import Home
from serving.cli.console import AsJson, json_text, message, say
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.intake.findings import Inspection

File = Annotated[Path, typer.Argument(metavar="FILE", help="A file of cases as people keep it.")]
Write = Annotated[bool, typer.Option("--write", help="Write the proposal to configs/sources, or beside the home.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the source file; the file's own name by default.")]


def inspect(work: Workspace, *, file: File, write: Write = False, name: Name = None, as_json: AsJson = False) -> None:
    """Say what a file holds, on stderr, and propose a source file, on stdout; nothing is taken in.

    No value is shown but codes that stand in several rows; persons are told by class and number only.
    """
    from features.intake.inspection import inspect_file
    from features.intake.source_proposal import is_complete, propose, source_name
    from serving.intake.inspection_words import INCOMPLETE, describe

    zone = work.settings.zone
    inspection = inspect_file(file, zone, datetime.now(UTC).date())
    called = name or source_name(file.name.split(".")[0])
    proposal = propose(inspection, called, zone)
    if as_json:
        typer.echo(json_text({**_as_json(inspection), "complete": is_complete(inspection), "proposal": proposal}))
    else:
        for text in describe(inspection):
            say(text)
        for remark in inspection.remarks:
            message(remark)
        if not is_complete(inspection):
            say(INCOMPLETE)
        typer.echo(proposal, nl=False)
    if write:
        _write(proposal, called, file, work.home)


def _write(proposal: str, name: str, file: Path, home: Home) -> None:
    """Write a proposal where `--source` looks for it, else beside the home; what stands there is never overwritten."""
    from features.intake.source_file import SOURCES, source_files

    path = (SOURCES if SOURCES.parent.is_dir() else home.root.absolute().parent) / f"{name}.yaml"
    if taken := source_files().get(name) or (path if path.exists() else None):
        raise UsageError(f"--write never overwrites, and there is a source file {name} already: {taken}. Choose another --name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as target:
        target.write(proposal)
    source = name if path.parent == SOURCES else path
    message(f"{path}: written. Check it, then: yujing ingest {file} --source {source}")


def _as_json(inspection: "Inspection") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(inspection), "path": str(inspection.path), "missing": inspection.missing}
