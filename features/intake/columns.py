"""The columns of a case, each read from the cells of a batch; what does not fit is added to the faults."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from features.intake.cells import Cells, time_text
from features.intake.codes import canonical
from features.intake.pseudonyms import keyed_ids
from features.intake.quarantine import Code, RowErrors
from features.intake.rules import CODE_COLUMNS, YES_OR_NO
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
