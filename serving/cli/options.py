"""Options that several commands share."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer


def day(text: str) -> date:
    """Read a date of the command line."""
    return date.fromisoformat(text)


AsOf = Annotated[
    date, typer.Option("--as-of", parser=day, metavar="DATE", help="Day such as 2026-01-31; only what was known before it counts.")
]
First = Annotated[date | None, typer.Option("--from", parser=day, metavar="DATE", help="No as_of before this day.")]
Until = Annotated[date | None, typer.Option("--until", parser=day, metavar="DATE", help="No as_of after this day.")]
TargetName = Annotated[str | None, typer.Option("--target", help="A target of the configuration or of a source file.")]
HorizonDays = Annotated[int | None, typer.Option("--horizon-days", min=1, help="Days ahead; the target's own by default.")]
Without = Annotated[list[str] | None, typer.Option("--without", metavar="FAMILY", help="Features of this family are not read; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]


@dataclass(frozen=True)
class Period:
    """Which as_ofs of the past are replayed."""

    first: First = None
    until: Until = None
    every: Annotated[int | None, typer.Option("--every", min=1, help="Days between two as_ofs; the settings' by default.")] = None
