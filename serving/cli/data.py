"""`yujing inspect`, `ingest`, `panel` and `simulate`: files into the event log, and tables out of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import LoadFailedError, UsageError
from features.storage.home import Home
from serving.cli.console import DAY, AsJson, AsOf, First, TargetName, day, json_text, message, progress, say
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from features.facts.facts import Facts
    from features.intake.inspection import Inspection
    from features.intake.report import IngestReport

Files = Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Case files; none where the source file has a query.")]
Source = Annotated[str | None, typer.Option("--source", help="Name or path of a source file; without one it is the flat case file.")]
Grids = Annotated[Path | None, typer.Option("--grids", help="Flat grid file.")]
Crosswalk = Annotated[Path | None, typer.Option("--crosswalk", help="Redrawn grids: a CSV or Parquet file with old, new, share, at.")]
Undertakings = Annotated[
    list[Path] | None,
    typer.Option("--undertakings", help="Projects, campaigns, treatments, periods, shocks or effort; may be given several times."),
]
Covariates = Annotated[
    list[Path] | None,
    typer.Option(
        "--covariates", help="Numbers by grid and day or week, with known_at: weather, population, ...; may be given several times."
    ),
]


File = Annotated[Path, typer.Argument(metavar="FILE", help="A file of cases as people keep it.")]
Write = Annotated[bool, typer.Option("--write", help="Write the proposal to configs/sources, or beside the home.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the source file; the file's own name by default.")]


def ingest(  # noqa: PLR0913 - options of a command
    work: Workspace,
    *,
    files: Files = None,
    source: Source = None,
    grids: Grids = None,
    crosswalk: Crosswalk = None,
    undertakings: Undertakings = None,
    covariates: Covariates = None,
    as_json: AsJson = False,
) -> dict[str, float]:
    """Append case files, files of undertakings and covariates to the event log.

    Every row read is accepted, a duplicate, or quarantined with a reason; repeating an ingest adds nothing.
    """
    from features.intake.report import ROW_OUTCOMES, load_faults

    if not files and source is None and not undertakings and not covariates:
        raise UsageError("ingest needs a FILE, a --source with a query, --undertakings or --covariates. Name one.")
    cases = _ingest_cases(work, [*files] if files else [None] if source else [], source, grids, crosswalk)
    totals: dict[str, float] = dict.fromkeys(("read", *ROW_OUTCOMES, "seconds"), 0)
    faults: list[str] = []
    for report in chain(cases, _ingest_besides(work, undertakings or [], covariates or [])):
        _tell(report)
        faults += load_faults(report, work.settings.intake.max_refused_share)
        totals |= {name: totals[name] + count for name, count in report.figures.items()}
    if as_json:
        typer.echo(json_text(totals))
    else:
        typer.echo(f"read {totals['read']} = " + " + ".join(f"{name} {totals[name]}" for name in ROW_OUTCOMES))
    if faults:
        raise LoadFailedError(" ".join(faults))
    return totals


def _ingest_cases(
    work: Workspace, paths: Sequence[Path | None], source: str | None, grids: Path | None, crosswalk: Path | None
) -> "Iterator[IngestReport]":
    """Take in case files one after the other; None stands for the query of the source file."""
    from features.intake.ingest import IngestRequest
    from features.intake.ingest import ingest as take_in
    from features.intake.source_file import find_source

    described, neighbours = find_source(source) if source else None, work.settings.panel.nearest_neighbours
    for path in paths:
        with progress(path.name if path else str(source)) as step:
            request = IngestRequest(path, described, grids, crosswalk, neighbours)
            report = take_in(work.home, work.settings, request, datetime.now(UTC), step)
        yield report


def _ingest_besides(work: Workspace, undertakings: Sequence[Path], covariates: Sequence[Path]) -> "Iterator[IngestReport]":
    """Take in files of undertakings, then of covariates."""
    from features.intake.covariate_file import ingest_covariates
    from features.intake.undertaking_file import ingest_undertakings

    for read, paths in ((ingest_undertakings, undertakings), (ingest_covariates, covariates)):
        for path in paths:
            yield read(work.home, work.settings, path, datetime.now(UTC))


def _tell(report: "IngestReport") -> None:
    """Say what a reader of the counts would ask next."""
    from features.intake.report import advice

    for remark in report.remarks:
        message(remark)
    _tell_losses(report)
    if report.left_out:
        message(f"Columns that nothing is read from: {', '.join(report.left_out)}")
    if report.normalised:
        message(f"Full-width characters made half-width in {report.normalised} cells.")
    if report.redrawn:
        message(f"Grids that were redrawn: {report.redrawn}; what happened there is shared out over those that took their place.")
    if report.corrected:
        message(f"Cases that moved to another grid or category: {report.corrected}; they are counted there from now on.")
    if report.vanished:
        message(f"Times that the file no longer holds of known cases: {report.vanished}; the log keeps them.")
    for line in advice(report):
        message(line)


def _tell_losses(report: "IngestReport") -> None:
    for (column, code), rows in report.by_field.items():
        message(f"quarantined: {code} {rows}" + f" ({column})" * bool(column))
    for (column, code), cells in report.emptied.items():
        message(f"Cells of {column} that cannot be read and count as empty: {cells} ({code}); their rows are kept.")
    if report.refused:
        message(f"Refused rows, without their values: {report.refused}")


EveryDays = Annotated[int, typer.Option("--every", min=1, help="Days between two as_ofs.")]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="File to write: .csv or .parquet.")]


@dataclass(frozen=True)
class Learning:
    """Columns added for somebody who learns from the table."""

    labels: Annotated[
        bool, typer.Option("--labels", help="Add label (escalations within the horizon; empty where not final) and ripe.")
    ] = False
    folds: Annotated[bool, typer.Option("--folds", help="Add fold: the test part of the backtest in which an as_of lies.")] = False


def panel(  # noqa: PLR0913 - options of a command
    work: Workspace, *, as_of: AsOf, out: Out, first: First = None, every: EveryDays = 7, target: TargetName = None, learning: Learning
) -> None:
    """Write the feature table, and beside it a dictionary of its columns.

    It has one row per grid and as_of: the one given, or with --from all of a row that ends with it. grid_id is text.
    """
    import numpy as np

    from features.days import day_number
    from features.panel.build import build_panel
    from training.evaluation.own_model import add_folds, add_labels, describe
    from training.learning.folds import Gap

    write = table_writer(out)
    last = day_number(as_of)
    start = day_number(first or as_of)
    if start > last:
        raise UsageError(f"--from must not lie after --as-of, got {first} and {as_of}.")
    as_ofs = np.arange(last, start - 1, -every, dtype=np.int32)[::-1]
    facts, horizon = work.facts(target)
    _refuse_beyond_log(facts, last, work.settings.ranking.stale_source_days)
    with progress("panel") as step:
        built = build_panel(facts, as_ofs, horizon, work.settings, step)
    table = built.to_frame()
    gap = Gap(horizon, work.settings.delay_allowance_days)
    if learning.labels:
        table = add_labels(table, facts, built, gap)
    if learning.folds:
        table = add_folds(table, facts, built, gap, work.settings.backtest)
    write(table)
    words = out.with_suffix(".dictionary.csv")
    describe(built.features).write_csv(words)
    message(f"{out}: {table.height} rows, {table.width} columns, described in {words}.")


def _refuse_beyond_log(facts: "Facts", last: int, allowance_days: int) -> None:
    """Refuse an as_of so far beyond the newest record that a row would describe silence, not calm."""
    from features.days import to_date

    newest = int(facts.cases.known_day.max())
    limit = newest + 1 + allowance_days
    if last > limit:
        raise UsageError(
            f"--as-of must be {to_date(limit)} or earlier, got {to_date(last)}: the newest record is of {to_date(newest)}. "
            f"Ingest newer data."
        )


def table_writer(out: Path) -> "Callable[[pl.DataFrame], None]":
    """Choose the format by the file's ending, before the work is done."""
    writers: dict[str, Callable[[pl.DataFrame], None]] = {
        ".csv": lambda table: table.write_csv(out),
        ".parquet": lambda table: table.write_parquet(out),
    }
    if out.suffix not in writers:
        raise UsageError(f"--out must end in {' or '.join(writers)}, got {out.name!r}.")
    if not out.parent.is_dir():
        raise UsageError(f"--out must lie in a folder that is there, and {out.parent} is not. Make it first.")
    return writers[out.suffix]


DEFAULT_END = date(2026, 1, 1)
"""A fixed day, so that the same command gives the same files at any time."""

PresetName = Annotated[
    str, typer.Option("--preset", help="nanhu, yingcheng, lianjiang, jiangbei, zhejiang, undertakings, unmoved or tiny.")
]
Years = Annotated[int, typer.Option("--years", min=1, help="How many years.")]
End = Annotated[date | None, typer.Option("--end", parser=day, metavar=DAY, help=f"First day after them, {DEFAULT_END} by default.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another number makes another district.")]
SimulationFolder = Annotated[Path, typer.Option("--out", file_okay=False, help="Folder to make.")]


def simulate(
    _: Workspace, *, out: SimulationFolder, preset: PresetName = "nanhu", years: Years = 4, seed: Seed = 1, end: End = None
) -> None:
    """Write what a made-up district would deliver: cases, grids, projects, effort, the calendar, and apart from them the truth."""
    from features.simulation.preset import Span
    from features.simulation.simulate import Order, find_preset
    from features.simulation.simulate import simulate as write

    with progress("simulate") as step:
        written = write(Order(preset, find_preset(preset), Span.of_years(years, end or DEFAULT_END), seed), out, step)
    message(f"{out}: {written.cases} cases in {written.rows} rows, {written.grids} grids. {out / 'README.md'} says how to go on.")


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
