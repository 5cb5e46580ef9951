"""Output of commands, results on stdout and messages on stderr, and the options that several of them share."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from features.errors import UsageError

if TYPE_CHECKING:
    from serving.text import Text

Step = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

NO_WRAP_WIDTH = 10_000


def message(text: str) -> None:
    """Tell the person at the terminal, on stderr."""
    typer.echo(text, err=True)


def say(text: "Text") -> None:
    """Tell the person at the terminal in the language of their environment, Chinese where LANG is."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    message(text.zh if locale.startswith("zh") else text.en)


def json_text(value: object) -> str:
    """Return JSON for a program to read; a number that is none is refused."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def records(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON objects: a space in a column's name becomes an underscore, a date its ISO form."""
    names = [column.replace(" ", "_") for column in columns]
    return [dict(zip(names, map(_json_value, row), strict=True)) for row in rows]


def _json_value(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, date) else cell


def show(columns: Sequence[str], rows: Iterable[Sequence[Any]], as_json: bool) -> None:
    """Print rows as a table for a person, or as a JSON list of objects for a program."""
    if as_json:
        typer.echo(json_text(records(columns, rows)))
    else:
        print_table(columns, rows)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print an aligned table, numbers to the right; in a pipe no line is wrapped."""
    from rich.console import Console
    from rich.table import Table

    rows = [list(row) for row in rows]
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for column, cells in zip(table.columns, zip(*rows, strict=True), strict=False):
        column.justify = "right" if all(isinstance(cell, int | float | None) for cell in cells) else "left"
    for row in rows:
        table.add_row(*(_text(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else NO_WRAP_WIDTH, highlight=False, markup=False, emoji=False).print(table)


@contextmanager
def progress(label: str) -> Iterator[Step]:
    """Show how far some work is: a bar on a terminal, a line per tenth elsewhere."""
    if not sys.stderr.isatty():
        yield _lines(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(label: str) -> Step:
    shown = 0

    def show(done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if tenth > shown:
            shown = tenth
            message(f"{label}: {done} of {total}")

    return show


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


DAY = "YYYY-MM-DD"
"""Format of every date of the command line."""


def day(text: str) -> date:
    """Read a date of the command line, written `DAY` and in no other way.

    Raises:
        ValueError: it is no such date, which typer tells as wrong usage.
    """
    try:
        written = date.fromisoformat(text)
    except ValueError:
        written = None
    # fromisoformat also reads other ways of writing, such as 20260131 and 2026-W05-6
    if written is None or written.isoformat() != text:
        raise ValueError(f"a date must be written {DAY}, such as 2026-01-31, got {text!r}")
    return written


AsOf = Annotated[date, typer.Option("--as-of", parser=day, metavar=DAY, help="Only what was known before this day counts.")]
First = Annotated[date | None, typer.Option("--from", parser=day, metavar=DAY, help="No as_of before this day.")]
Until = Annotated[date | None, typer.Option("--until", parser=day, metavar=DAY, help="No as_of after this day.")]
TargetName = Annotated[str | None, typer.Option("--target", help="A target of the configuration or of a source file.")]
HorizonDays = Annotated[int | None, typer.Option("--horizon-days", min=1, help="Days ahead; the target's own by default.")]
Without = Annotated[list[str] | None, typer.Option("--without", metavar="FAMILY", help="Features of this family are not read; repeatable.")]
Month = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="A month, such as 2026-10.")]
Quarter = Annotated[str | None, typer.Option("--quarter", metavar="YYYYQN", help="A quarter, such as 2026Q3.")]
PaperLanguage = Annotated[Literal["zh", "en"], typer.Option("--language", help="Of the file; the page of reports has both.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]


def one_of(month: str | None, quarter: str | None) -> str:
    """Return the month or quarter that was given.

    Raises:
        UsageError: both were, or neither.
    """
    if month and not quarter:
        return month
    if quarter and not month:
        return quarter
    raise UsageError(f"either --month or --quarter must be given, found {'both' if month else 'neither'}. Give one of them.")


@dataclass(frozen=True)
class Period:
    """Replayed as_ofs of the past."""

    first: First = None
    until: Until = None
    every: Annotated[int | None, typer.Option("--every", min=1, help="Days between two as_ofs; the settings' by default.")] = None
