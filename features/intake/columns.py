"""Columns of a case, each read from the cells of a batch: text for codes, moments for times. What does not fit is added to the faults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import polars as pl

from features.intake.codes import NOTHING, NOTHING_AS_AREA, NOTHING_AS_TIME, canonical, empty_where, without_invisible, without_text_marks
from features.intake.pseudonyms import keyed_ids
from features.intake.quarantine import Code, RowErrors
from features.intake.readers.batches import RowBatch
from features.intake.rules import CODE_COLUMNS, YES_OR_NO, RowRules
from features.intake.source_file import Column
from features.intake.times import empty_times, parse_times
from features.schema import CASE_REQUIRED, PEOPLE_BUCKETS, TRANSITION_COLUMNS, Col

FORMULA = r"^(=|[+@-].*[(|!])"
ID_CHARS = 64
GRID_CODE = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,31}$"
"""Pattern of a grid id that no grid table vouches for: names of places or persons are no codes."""
MOST_PEOPLE = 100_000
AREA_DIGITS = (6, 9, 12)
STANDARD_CODE = r"^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|99)\d{11,}$"
"""Codes of GB/T 2260 and 统计用区划代码 with more digits behind: they begin with a province, 99 standing for a made-up one."""
NO_LEVEL = r"[/;\p{Cc}]"
"""Characters that may not stand in the code of an area: they would make other levels of it."""
PATTERN_CHARS = 40
"""Of a time that cannot be read, only the pattern is told, no longer than this."""
SLACK = timedelta(minutes=1)
"""Largest disagreement of two clocks about the order of events."""


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


def refuse_formulas(cells: Cells, faults: RowErrors) -> None:
    """Refuse rows with a formula in a column that is mapped."""
    for name in cells.terms.source.needed:
        faults.add(name, Code.CELL_FORMULA, cells.frame[name].str.contains(FORMULA))


def read_ids(cells: Cells, faults: RowErrors, key: bytes) -> pl.Series:
    """Return the keyed hash of each case's id; the same id in another id space is another case."""
    source = cells.terms.source
    text, field = cells.code(Col.EVENT_ID), source.field(Col.EVENT_ID)
    faults.add(field, Code.ID_MISSING, text.is_null())
    faults.add(field, Code.ID_FORMAT, text.str.len_chars() > ID_CHARS)
    return keyed_ids(key, pl.select(pl.lit(f"{source.id_space or source.name}\0") + text.fill_null("")).to_series())


def read_grids(cells: Cells, faults: RowErrors) -> pl.Series:
    """Return grid ids: those of the grid table, or codes where there is no table."""
    grids = grid_ids(cells)
    faults.add(cells.terms.source.field(Col.GRID_ID), Code.GRID_UNKNOWN, grids.is_null())
    return grids


def grid_ids(cells: Cells) -> pl.Series:
    """Return the id of the grid of each row, null where it is missing or cannot be one."""
    text = cells.grid_code
    fits = cells.is_registered if cells.terms.grids is not None else text.str.contains(GRID_CODE).fill_null(value=False)
    return text if fits.all() else text.set(~fits, None)


def parent_paths(cells: Cells) -> pl.Series:
    """Return what lies above the grid of each row, from the top joined by "/"; null where a part is missing.

    Where the source names nothing above, a code built as the national standard has it tells district, township and community by itself.
    """
    if not cells.terms.source.parents:
        return _areas_of_codes(grid_ids(cells))
    parts = [part.str.replace_all(NO_LEVEL, "-").set(part.str.contains(r"^\.+$").fill_null(False), None) for part in cells.parents()]
    return pl.select(pl.concat_str(parts, separator="/")).to_series()


def _areas_of_codes(codes: pl.Series) -> pl.Series:
    """Return the areas that codes name: 6 digits of the district, 9 of the township, 12 of the community; empty for other codes."""
    levels = pl.concat_str([codes.str.head(length) for length in AREA_DIGITS], separator="/")
    return pl.select(pl.when(codes.str.contains(STANDARD_CODE).fill_null(value=False)).then(levels).otherwise(pl.lit(""))).to_series()


def read_codes(name: str, cells: Cells, faults: RowErrors) -> pl.Series:
    """Return the code of each row in a column with a closed list; a text outside the list of an optional column counts as empty."""
    source, table = cells.terms.source, cells.terms.codes[name]
    text = cells.text(name)
    if name == Col.SELF_FOUND and table == YES_OR_NO:
        text = text.str.to_lowercase()
    codes = _look_up(text, table)
    unknown = codes.is_null() if name in CASE_REQUIRED else codes.is_null() & text.is_not_null()
    if unknown.any():
        codes = codes.fill_null(_look_up(canonical(text), table))
        unknown &= codes.is_null()
        faults.look(source.field(name), CODE_COLUMNS[name], text.filter(unknown).fill_null(""))
    if name in CASE_REQUIRED:
        faults.add(source.field(name), CODE_COLUMNS[name], unknown)
    else:
        faults.empty_codes(source.field(name), pl.repeat(None, len(unknown), dtype=pl.String, eager=True).set(unknown, CODE_COLUMNS[name]))
    return codes == "true" if name == Col.SELF_FOUND else codes


def _look_up(text: pl.Series, table: Mapping[str, str]) -> pl.Series:
    return text.fill_null("").replace_strict(table, default=None, return_dtype=pl.String)


def read_times(name: str, cells: Cells, faults: RowErrors) -> pl.Series:
    """Return the moments of a time column; one of an optional column that cannot be read counts as empty."""
    moments, codes = cells.moments[name]
    column, field = cells.terms.source.columns[name], cells.terms.source.field(name)
    unreadable = codes == Code.TIME_FORMAT
    if unreadable.any():
        texts = time_text(cells.frame, column).filter(unreadable.fill_null(False)).str.slice(0, PATTERN_CHARS)
        faults.look(field, Code.TIME_FORMAT, texts.str.replace_all(r"\d", "9").str.replace_all(r"[A-Za-z]", "a"))
    if name in CASE_REQUIRED:
        faults.add_codes(field, codes)
        faults.add(field, Code.TIME_MISSING, moments.is_null() & codes.is_null())
        return moments
    faults.empty_codes(field, codes)
    return moments.set(codes.is_not_null(), None)


def refuse_disorder(times: pl.DataFrame, cells: Cells, faults: RowErrors) -> None:
    """Refuse rows in which something was reported, known, due or done before it happened.

    A time at midnight stands for its whole day: it may be a date that came without a time.
    """
    before = dict.fromkeys((Col.REPORTED_AT, Col.DEADLINE_AT, *TRANSITION_COLUMNS), Col.OCCURRED_AT) | {Col.KNOWN_AT: Col.REPORTED_AT}
    for later, earlier in before.items():
        if later in times.columns and (times[later] < times[earlier]).any():
            disorder = times.select(_end(later, cells.terms.zone) <= pl.col(earlier)).to_series()
            faults.add(cells.terms.source.field(later), Code.TIME_ORDER, disorder)


def _end(name: str, zone: str) -> pl.Expr:
    midnight = pl.col(name).dt.convert_time_zone(zone).dt.time() == pl.time(0)
    return pl.col(name) + pl.when(midnight).then(pl.duration(days=1)).otherwise(pl.lit(SLACK))


def refuse_closed_grids(grids: pl.Series, occurred: pl.Series, cells: Cells, faults: RowErrors) -> None:
    """Refuse rows that happened in a grid on or after the day it was redrawn."""
    closed = None if cells.terms.grids is None else cells.terms.grids.drop_nulls(Col.AT)
    if closed is not None and not closed.is_empty():
        ends = grids.replace_strict(closed[Col.GRID_ID], closed[Col.AT], default=None, return_dtype=pl.Date)
        days = occurred.dt.convert_time_zone(cells.terms.zone).dt.date()
        faults.add(cells.terms.source.field(Col.GRID_ID), Code.GRID_CLOSED, days >= ends)


def read_people(cells: Cells, faults: RowErrors) -> pl.Series:
    """Return the size of the group as a bucket; the exact number goes no further."""
    source = cells.terms.source
    text, field = canonical(cells.text(Col.PEOPLE)), source.field(Col.PEOPLE)
    number = text.cast(pl.Int64, strict=False)
    readable = text.str.contains(r"^[+-]?\d+$").fill_null(False)
    faults.empty_codes(field, text.set(readable, None).set(~readable & text.is_not_null(), Code.NUMBER_FORMAT))
    faults.add(field, Code.NUMBER_NEGATIVE, readable & text.str.starts_with("-"))
    faults.add(field, Code.NUMBER_RANGE, readable & ~number.is_between(1, MOST_PEOPLE).fill_null(False))
    buckets = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    for bucket in PEOPLE_BUCKETS:
        smallest = int(bucket.rstrip("+").split("-")[0])
        buckets = buckets.set((number >= smallest).fill_null(False), bucket)
    return buckets
