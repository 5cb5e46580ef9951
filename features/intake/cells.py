"""Cells of a batch, cleaned and read: text for codes, moments for times."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from features.intake.codes import NOTHING, NOTHING_AS_AREA, NOTHING_AS_TIME, canonical, empty_where, without_invisible, without_text_marks
from features.intake.readers.batches import RowBatch
from features.intake.rules import RowRules
from features.intake.source_file import Column
from features.intake.times import empty_times, parse_times
from features.schema import CASE_REQUIRED, Col


@dataclass(frozen=True)
class Cells:
    """One batch as both readings of a file see it; every Series has one value per usable row."""

    terms: RowRules
    frame: pl.DataFrame
    """Without surrounding blanks, null where empty; full-width characters are half-width in the columns that are mapped."""
    moments: Mapping[str, tuple[pl.Series, pl.Series]]
    """Per time column of a case: moments in UTC, and codes of the cells that were refused."""
    normalised: int
    """Number of cells that held full-width characters."""

    def text(self, name: str) -> pl.Series:
        """Return what fills a column of a case, before its value map; null where empty or a word for nothing."""
        return self._filled(self.terms.source.columns[name], self.terms.declared(name), NOTHING)

    def code(self, name: str) -> pl.Series:
        """Return what fills a column of codes in its one canonical form; null where there is none."""
        return self._code(self.terms.source.columns[name], NOTHING if name == Col.EVENT_ID else NOTHING_AS_AREA)

    @cached_property
    def grid_code(self) -> pl.Series:
        """Canonical code of the grid of each row; null where there is none."""
        return self.code(Col.GRID_ID)

    @cached_property
    def is_registered(self) -> pl.Series:
        """Tell which rows are in a grid of the grid table; none where there is no table."""
        if self.terms.grids is None:
            return pl.repeat(False, self.frame.height, dtype=pl.Boolean, eager=True)
        return self.grid_code.is_in(self.terms.grids[Col.GRID_ID].implode()).fill_null(value=False)

    def parents(self) -> list[pl.Series]:
        """Return the codes of what lies above the grid of each row, from the top."""
        return [self._code(column, NOTHING_AS_AREA) for column in self.terms.source.parents]

    def _code(self, column: Column, nothing: tuple[str, ...]) -> pl.Series:
        return canonical(self._filled(column, frozenset(), nothing))

    def _filled(self, column: Column, declared: Collection[str], nothing: tuple[str, ...]) -> pl.Series:
        if not column.origins:
            return pl.repeat(column.value, self.frame.height, dtype=pl.String, eager=True)
        parts = [empty_where(self.frame[name], _without(column.nothing or nothing, declared)) for name in column.origins]
        text = parts[0] if len(parts) == 1 else pl.select(pl.concat_str([canonical(part) for part in parts], separator="-")).to_series()
        return text.str.extract(r"(\d+)").str.zfill(column.digits) if column.digits else text


def read_cells(batch: RowBatch, terms: RowRules) -> Cells:
    """Clean the cells of a batch and parse its times."""
    bare = batch.cells.select(pl.all().str.strip_chars())
    frame = bare.select(pl.when(pl.all() != "").then(pl.all()))
    frame, normalised = _to_half_width(frame, terms.source.needed)
    frame = frame.with_columns(without_text_marks(frame[name]) for name in terms.source.needed)
    return Cells(terms, frame, _parse_times(frame, terms), normalised)


def _without(words: tuple[str, ...], declared: Collection[str]) -> tuple[str, ...]:
    """Leave out the words that a column gives a meaning of their own."""
    return tuple(word for word in words if word not in declared)


def _to_half_width(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, int]:
    """Write the mapped columns in half width and without what cannot be seen."""
    lengths = frame.select(pl.col(names).str.len_bytes().sum() > pl.col(names).str.len_chars().sum())
    wide = [name for name in names if lengths[name].item()]
    if not wide:
        return frame, 0
    halved = frame.with_columns(without_invisible(frame[name].str.normalize("NFKC")).str.strip_chars() for name in wide)
    changed = sum(int((halved[name] != frame[name]).sum()) for name in wide)
    return halved, changed


def _parse_times(frame: pl.DataFrame, terms: RowRules) -> dict[str, tuple[pl.Series, pl.Series]]:
    """Parse each time column once, even where two columns of a case are filled from it."""
    parsed: dict[tuple[tuple[str, ...], bool], tuple[pl.Series, pl.Series]] = {}
    moments = {}
    for name, column in terms.source.times.items():
        open_ended = name == Col.DEADLINE_AT
        if (column.origins, open_ended) not in parsed:
            latest = None if open_ended else terms.latest
            parsed[column.origins, open_ended] = parse_times(time_text(frame, column), terms.source.formats, terms.zone, latest)
        moments[name] = parsed[column.origins, open_ended]
        if name not in CASE_REQUIRED:
            moments[name] = _without_stand_ins(time_text(frame, column), *moments[name], terms.zone)
    return moments


def time_text(frame: pl.DataFrame, column: Column) -> pl.Series:
    """Return the texts of a time column; a date and its time of day are joined."""
    first, *others = (empty_where(frame[name], column.nothing or NOTHING_AS_TIME) for name in column.origins)
    if not others:
        return first
    return pl.select(pl.concat_str([first.str.strip_suffix("T00:00:00"), *others], separator=" ")).to_series()


def _without_stand_ins(text: pl.Series, moments: pl.Series, codes: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Empty the cells of an optional time that hold a day such as 9999-12-31."""
    none = empty_times(text, moments, zone)
    return (moments.set(none, None), codes.set(none, None)) if none.any() else (moments, codes)
