"""Cells of a batch, cleaned and read: text for codes, moments for times."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.intake.rows import RowBatch
from features.intake.source_file import Column
from features.intake.terms import Terms
from features.intake.times import parse_times
from features.schema import Col


@dataclass(frozen=True)
class Cells:
    """One batch as both readings of a file see it; every Series has one value per usable row."""

    terms: Terms
    frame: pl.DataFrame
    """Without surrounding blanks, null where empty; full-width characters are half-width in the columns that are mapped."""
    moments: Mapping[str, tuple[pl.Series, pl.Series]]
    """Per time column of a case: moments in UTC, and codes of the cells that were refused."""
    normalised: int
    """Number of cells that held full-width characters."""

    def text(self, column: Column) -> pl.Series:
        """Return what a column of the source file names, before its value map; null where empty."""
        if column.source is None:
            return pl.repeat(column.value, self.frame.height, dtype=pl.String, eager=True)
        text = self.frame[column.source]
        return text.str.extract(r"(\d+)").str.zfill(column.digits) if column.digits else text


def read_cells(batch: RowBatch, terms: Terms) -> Cells:
    """Clean the cells of a batch and parse its times."""
    bare = batch.cells.select(pl.all().str.strip_chars())
    frame = bare.select(pl.when(pl.all() != "").then(pl.all()))
    frame, normalised = _to_half_width(frame, terms.source.needed)
    return Cells(terms, frame, _parse_times(frame, terms), normalised)


def _to_half_width(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, int]:
    lengths = frame.select(pl.col(names).str.len_bytes().sum() > pl.col(names).str.len_chars().sum())
    wide = [name for name in names if lengths[name].item()]
    if not wide:
        return frame, 0
    halved = frame.with_columns(pl.col(wide).str.normalize("NFKC").str.strip_chars())
    changed = sum(int((halved[name] != frame[name]).sum()) for name in wide)
    return halved, changed


def _parse_times(frame: pl.DataFrame, terms: Terms) -> dict[str, tuple[pl.Series, pl.Series]]:
    """Parse each time column once, even where two columns of a case are filled from it."""
    parsed: dict[tuple[str, bool], tuple[pl.Series, pl.Series]] = {}
    moments = {}
    for name, source in terms.source.times.items():
        open_ended = name == Col.DEADLINE_AT
        if (source, open_ended) not in parsed:
            latest = None if open_ended else terms.latest
            parsed[source, open_ended] = parse_times(frame[source], terms.source.formats, terms.zone, latest)
        moments[name] = parsed[source, open_ended]
    return moments
