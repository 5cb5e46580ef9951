"""`yujing inspect`: what a file holds, and a source file proposed for it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import UsageError
from features.storage.home import Home
from serving.cli.console import AsJson, json_text, message
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from features.intake.inspection import CodeCount, ColumnFinding, Inspection

File = Annotated[Path, typer.Argument(metavar="FILE", help="A file of cases as people keep it.")]
Write = Annotated[bool, typer.Option("--write", help="Write the proposal to configs/sources, or beside the home.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the source file; the file's own name by default.")]

SHOWN_CODES = 12


def inspect(work: Workspace, *, file: File, write: Write = False, name: Name = None, as_json: AsJson = False) -> None:
    """Say what a file holds, on stderr, and propose a source file, on stdout; nothing is taken in.

    No value is shown but codes that stand in several rows; persons are told by class and number only.
    """
    from features.intake.inspection import inspect_file
    from features.intake.source_proposal import is_complete, propose, source_name

    zone = work.settings.zone
    inspection = inspect_file(file, zone, datetime.now(UTC).date())
    called = name or source_name(file.name.split(".")[0])
    proposal = propose(inspection, called, zone)
    if as_json:
        typer.echo(json_text({**_as_json(inspection), "complete": is_complete(inspection), "proposal": proposal}))
    else:
        for line in _lines(inspection):
            message(line)
        if not is_complete(inspection):
            message("The proposal is not complete: fill the lines TO FILL, and choose among time formats that can be read in two ways.")
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


def _lines(inspection: "Inspection") -> Iterator[str]:
    form = [inspection.format, inspection.encoding, inspection.separator and f"cells parted by {inspection.separator!r}"]
    header = f"header in row {inspection.header_row}" if inspection.header_row else None
    yield f"{inspection.path}: " + ", ".join(filter(None, [*form, header, _rows(inspection)]))
    for sheet in inspection.sheets:
        yield f"Sheet {sheet.name}: " + (f"read, header in row {sheet.header_row}" if sheet.read else f"not read, {sheet.reason}")
    yield from inspection.remarks
    for column in inspection.columns:
        yield _column(column)
        yield from _column_notes(column, inspection.rows)
    if inspection.repeated_ids:
        yield f"Rows with the id of an earlier row: {inspection.repeated_ids:,}, of which {inspection.repeated_rows:,} repeat a whole row."
    if inspection.repeated_ids > inspection.repeated_rows:
        yield "Where numbers begin anew every year or office, make the id of several columns: `event_id: {from: [year, number]}`."
    if announced := [column.name for column in inspection.columns if column.announces_persons]:
        yield f"Ingest refuses the file for columns about persons: {', '.join(announced)}. Remove them at the source."
    if inspection.missing:
        yield f"Columns that a case needs and none here fills: {', '.join(inspection.missing)}"


def _rows(inspection: "Inspection") -> str:
    looked_at = "" if inspection.whole else "the first "
    broken = f", {inspection.broken:,} of them cannot be split into cells" * bool(inspection.broken)
    return f"{looked_at}{inspection.rows:,} rows{broken}"


def _column(column: "ColumnFinding") -> str:
    by = f" (by {column.by})" if column.by else ""
    return f"- {column.name}: {column.meaning or 'unknown'}{by}, {column.filled:,} filled, {column.distinct:,} different"


def _column_notes(column: "ColumnFinding", rows: int) -> Iterator[str]:
    if column.times:
        yield f"    times: {', '.join(f'{pattern} ({cells:,})' for pattern, cells in column.times.seen.items())}"
        if column.times.ambiguous:
            yield f"    ambiguous: one text is different moments under {' and '.join(column.times.ambiguous)}; state one under `formats`"
        if column.times.unread:
            yield f"    cells that are no time: {column.times.unread:,}"
    if column.codes:
        known = sum(one.code is not None for one in column.codes)
        yield f"    codes: {known} of {len(column.codes)} known; {', '.join(map(_code, column.codes[:SHOWN_CODES]))}"
    if column.other_codes:
        yield f"    rows with other texts, which are not shown: {column.other_codes:,}"
    for code, count in column.persons.items():
        yield f"    persons: {count:,} of {rows:,} rows ({code}: {code.en.rstrip('.')})"
    if column.lost_digits:
        yield f"    codes that went through a number, such as 2.02601E+17: {column.lost_digits:,}; ingest refuses them, export them as text"


def _code(one: "CodeCount") -> str:
    means = f" = {one.code}" if one.code and one.code != one.text else ""
    return f"{one.text} ({one.rows:,}{means})"
