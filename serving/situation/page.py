"""What a report consists of, the same for HTML and Word: sections of sentences, tables and a plot."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Cells as they are printed; the first column is words, the others are figures."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Section:
    """One heading and what stands below it."""

    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    plot: str | None = None
    """Name of the plot; `title` describes it to who cannot see it."""


@dataclass(frozen=True)
class Page:
    """One report."""

    title: str
    lead: str
    sections: list[Section]
    standing: tuple[str, ...]
    plots: dict[str, bytes] = field(repr=False)
    """PNG by name."""
