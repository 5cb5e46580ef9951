"""Say what a file holds before anything is taken in: its form, the likely meaning of its columns, and what stands in the way (findings)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from features.display import Remark
from features.errors import InputRefusedError
from features.intake.codes import LOST_DIGITS, NOTHING, NOTHING_AS_TIME, empty_where, without_text_marks
from features.intake.column_meanings import LISTS, MOST_CODES, known_code, meaning_by_content, meaning_by_name
from features.intake.personal_data.screening import (
    find_identifier,
    identifier_share,
    refuse_personal_names,
    regular_codes,
    screen,
    suspect_column_names,
)
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput, named
from features.intake.readers.csv_reader import csv_head
from features.intake.readers.layout import Layout, repeated_names
from features.intake.readers.open_input import file_kind, open_file
from features.intake.readers.workbook_reader import Sheet, workbook_sheets
from features.intake.report import FEWEST_ROWS
from features.intake.rules import without_no_cases
from features.intake.source_file import CHECKOUT, SHIPPED, SOURCES, TIME_COLUMNS, find_source, source_files
from features.intake.time_formats import TimeFormats, find_formats
from features.schema import CASE_REQUIRED, GRID_REQUIRED, Col

LOOKED_AT = 200_000
"""Rows from the top that are looked at: enough for every share, and memory stays bounded."""
CODE_CHARS = 24
"""A longer text is no code of a list."""
IDENTIFIED = "(names a person)"

STANDS_IN = {Col.OCCURRED_AT: Col.REPORTED_AT, Col.REPORTED_AT: Col.OCCURRED_AT}


@dataclass(frozen=True)
class SheetFinding:
    """A sheet of a workbook: whether it is read, and why not."""

    name: str
    header_row: int | None
    read: bool
    reason: str = ""


@dataclass(frozen=True)
class CodeCount:
    """A text of a column with a closed list; `code` is the project's own code it means, None where it means none."""

    text: str
    rows: int
    code: str | None


@dataclass(frozen=True)
class ColumnFinding:
    """Findings about one column; no value is kept but codes that stand in several rows and speak of no person."""

    name: str
    meaning: str | None
    by: str
    """name or content; empty where nothing is known."""
    filled: int
    distinct: int
    times: TimeFormats | None
    codes: tuple[CodeCount, ...]
    other_codes: int
    """Rows whose text is not shown: it stands once, is long, or may speak of a person."""
    persons: dict[Code, int]
    """Rows per class."""
    announces_persons: bool
    lost_digits: int


@dataclass(frozen=True)
class Inspection:
    """Contents of a file."""

    path: Path
    format: str
    encoding: str | None
    separator: str | None
    header_row: int | None
    """Counted from 1; None for formats that have none."""
    sheets: tuple[SheetFinding, ...]
    rows: int
    broken: int
    no_cases: int
    """Rows beside these that are totals, notes or the header once more."""
    whole: bool
    """Whether all rows were looked at."""
    columns: tuple[ColumnFinding, ...]
    repeated_ids: int
    """Rows that bear the id of an earlier one, those that repeat it whole included."""
    repeated_rows: int
    remarks: tuple[Remark, ...]

    def filling(self, meaning: str) -> ColumnFinding | None:
        """Return the column that is likely to fill a column of a case."""
        return next((column for column in self.columns if column.meaning == meaning), None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the columns that a case needs and none fills; one of the two times stands in for the other."""
        return tuple(name for name in CASE_REQUIRED if not self.filling(name) and not self.stand_in(name))

    def stand_in(self, meaning: str) -> ColumnFinding | None:
        """Return the column of the other of the two times of a case, where the file has no column for this one."""
        if meaning not in STANDS_IN or self.contenders(meaning):
            return None
        return self.filling(STANDS_IN[meaning])

    def contenders(self, meaning: str) -> tuple[str, ...]:
        """Return the columns that share a name which speaks of a column of a case: which of them is meant, a person has to say."""
        repeated = repeated_names([column.name for column in self.columns])
        return tuple(name for name in repeated if meaning_by_name(name) == meaning)


def inspect_file(path: Path, zone: str, today: date) -> Inspection:
    """Look at a file and store nothing.

    Args:
        path: a file that `ingest` can read.
        zone: IANA name of the zone its naive times are in.
        today: the day identity numbers are judged by.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: it holds no table that can be read, or its name identifies a person.
    """
    refuse_personal_names(path, (), today)
    first = open_file(path, Layout(guess=True))
    kind = str(file_kind(path)).lstrip(".")
    sheets: tuple[SheetFinding, ...] = ()
    encoding = separator = header_row = None
    if kind == "csv":
        head = csv_head(path, Layout(guess=True))
        encoding, separator, header_row = head.encoding, head.separator, head.lines
    elif kind == "xlsx":
        first, sheets = _read_workbook(path)
        header_row = next(sheet.header_row for sheet in sheets if sheet.read)
    taken = _take(first)
    cells = taken.cells
    columns = tuple(_describe(cells, first.header, zone, today))
    repeated = _repeated(cells, columns)
    remarks = tuple(_known_tables(first.header))
    rows = cells.height + taken.broken, taken.broken, taken.no_cases, taken.whole
    return Inspection(path, kind, encoding, separator, header_row, sheets, *rows, columns, *repeated, remarks=remarks)


def _read_workbook(path: Path) -> tuple[RowInput, tuple[SheetFinding, ...]]:
    """Read the sheet whose names tell most, and those that have the same columns."""
    sheets = workbook_sheets(path, Layout(guess=True))
    filled = [sheet for sheet in sheets if not sheet.hidden and not sheet.is_empty]
    if not filled:
        raise InputRefusedError(Code.FILE_EMPTY, f"{path} must have a visible sheet with a header, found nothing.")
    best = max(filled, key=lambda sheet: len(_told(sheet)))
    needed = _told(best) or named(best.columns)
    chosen = [sheet for sheet in filled if set(named(sheet.columns)).issuperset(needed)]
    rows = open_file(path, Layout(sheets=tuple(sheet.name for sheet in chosen), guess=True))
    return rows, tuple(_sheet_finding(sheet, chosen) for sheet in sheets)


def _told(sheet: Sheet) -> tuple[str, ...]:
    return tuple(name for name in named(sheet.columns) if meaning_by_name(name))


def _sheet_finding(sheet: Sheet, chosen: Sequence[Sheet]) -> SheetFinding:
    place = None if sheet.is_empty else sheet.header_place
    if sheet in chosen:
        return SheetFinding(sheet.name, None if place is None else place + 1, read=True)
    reason = "hidden" if sheet.hidden else "empty" if sheet.is_empty else "other columns"
    return SheetFinding(sheet.name, None, read=False, reason=reason)


@dataclass(frozen=True)
class _Taken:
    cells: pl.DataFrame
    """The first rows, cleaned."""
    broken: int
    no_cases: int
    whole: bool


def _take(rows: RowInput) -> _Taken:
    """Read the first rows; where no column is known yet, a total or a note may fill any of them."""
    frames, broken, no_cases, taken, whole = [pl.DataFrame(schema=dict.fromkeys(rows.header, pl.String))], 0, 0, 0, True
    for batch in without_no_cases(rows, rows.header).batches():
        if taken >= LOOKED_AT:
            whole = False
            break
        frames.append(batch.cells)
        broken += len(batch.broken)
        no_cases += len(batch.no_cases)
        taken += batch.read
    plain = pl.concat(frames).select(pl.all().str.normalize("NFKC").str.strip_chars())
    bare = plain.select(pl.when(pl.all() != "").then(pl.all()))
    cells = bare.with_columns(empty_where(without_text_marks(bare[name]), NOTHING) for name in bare.columns)
    return _Taken(cells, broken, no_cases, whole)


def _describe(cells: pl.DataFrame, header: Sequence[str], zone: str, today: date) -> Iterator[ColumnFinding]:
    suspects, taken, repeated = set(suspect_column_names(header)), set[str](), repeated_names(header)
    for name in header:
        texts = cells[name]
        secret = find_identifier(name, today) is not None
        meaning = None if secret or name in suspects else meaning_by_name(name)
        by = "name" if meaning else ""
        if meaning is None and name not in suspects and not secret:
            meaning = meaning_by_content(texts)
            by = "content" if meaning else ""
        elif meaning == Col.CATEGORY and meaning_by_content(texts) == Col.EVENT_TYPE:
            meaning, by = Col.EVENT_TYPE, "content"
        if name in repeated:
            meaning, by = None, ""
        latest = None if meaning == Col.DEADLINE_AT else datetime.combine(today, time.max, UTC)
        moments = empty_where(texts, NOTHING_AS_TIME) if meaning in TIME_COLUMNS else texts
        times = find_formats(moments, zone, latest, named_so=meaning in TIME_COLUMNS)
        is_no_time = meaning in TIME_COLUMNS and times is None and (meaning in CASE_REQUIRED or moments.null_count() < len(texts))
        if meaning in taken or is_no_time:
            meaning, by = None, ""
        taken |= {meaning} if meaning else set()
        yield _finding(IDENTIFIED if secret else name, texts, (meaning, by), times, name in suspects or secret, today)


def _finding(
    name: str, texts: pl.Series, told: tuple[str | None, str], times: TimeFormats | None, announces: bool, today: date
) -> ColumnFinding:
    meaning, by = told
    classes = pl.Series([], dtype=pl.String) if times else _person_classes(texts, meaning, today)
    shown, other = _codes(texts, meaning, today) if meaning and meaning in LISTS and not announces else ((), 0)
    in_codes = meaning in (Col.EVENT_ID, Col.GRID_ID)
    persons = {Code[code]: rows for code, rows in classes.drop_nulls().value_counts(sort=True).iter_rows()}
    lost = int(texts.str.contains(LOST_DIGITS).sum()) if in_codes else 0
    filled = texts.drop_nulls()
    return ColumnFinding(name, meaning, by, len(filled), filled.n_unique(), times, shown, other, persons, announces, lost)


def _person_classes(texts: pl.Series, meaning: str | None, today: date) -> pl.Series:
    """Return the class of identifier of each cell; ids of cases only where identity numbers are used for them."""
    if meaning == Col.EVENT_ID:
        share = identifier_share(texts)
        return pl.Series([str(Code.PERSON_ID_NUMBER)] * round(share * texts.count()), dtype=pl.String)
    classes = screen(texts, today)
    if meaning == Col.GRID_ID:
        cards = texts.filter((classes == Code.PERSON_ACCOUNT).fill_null(value=False)).unique()
        classes = classes.set(texts.is_in(list(regular_codes(texts, cards))).fill_null(value=False), None)
    return classes


def _codes(texts: pl.Series, meaning: str, today: date) -> tuple[tuple[CodeCount, ...], int]:
    """Return the texts of a list with their rows, the most frequent first, and the rows whose text is not shown."""
    counted = [CodeCount(text, rows, known_code(meaning, text)) for text, rows in texts.drop_nulls().value_counts(sort=True).iter_rows()]
    fit = [one for one in counted if one.code or (one.rows >= FEWEST_ROWS and len(one.text) <= CODE_CHARS)]
    shown = [one for one in fit[:MOST_CODES] if find_identifier(one.text, today) is None]
    return tuple(shown), sum(one.rows for one in counted) - sum(one.rows for one in shown)


def _repeated(cells: pl.DataFrame, columns: Sequence[ColumnFinding]) -> tuple[int, int]:
    ids = next((column.name for column in columns if column.meaning == Col.EVENT_ID), None)
    if ids is None:
        return 0, 0
    rows = cells.filter(pl.col(ids).is_not_null())
    return rows.height - rows[ids].n_unique(), rows.height - rows.unique().height


def _known_tables(header: Sequence[str]) -> Iterator[Remark]:
    for name in source_files((SOURCES, SHIPPED, CHECKOUT)):
        if set(find_source(name).needed) <= set(header):
            yield Remark(
                f"The source file {name} fits these columns: `yujing ingest FILE --source {name}`.",
                zh=f"来源文件{name}与这些列相符：`yujing ingest FILE --source {name}`。",
            )
    if set(CASE_REQUIRED) <= set(header):
        yield Remark(
            "It is a flat case file: `yujing ingest FILE` reads it without a source file.",
            zh="这是标准事项表：`yujing ingest FILE`无需来源文件即可读取。",
        )
    if set(GRID_REQUIRED) <= set(header):
        yield Remark(
            "It is a flat grid file: give it to `yujing ingest` as --grids.", zh="这是标准网格表：请以--grids交给`yujing ingest`。"
        )
