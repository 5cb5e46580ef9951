"""Row rules: the conditions that rows of a file have to meet, gathered once per file, and which rows are no cases.

No cases are totals, notes of whoever filled the ledger in, and the header once more.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from features.intake.codes import NOTHING, empty_where
from features.intake.quarantine import Code
from features.intake.readers.batches import BrokenRow, RowBatch, RowInput
from features.intake.readers.csv_head import SEPARATORS
from features.intake.readers.layout import clean_name
from features.intake.source_file import Column, SourceFile
from features.schema import DISPUTE_CATEGORIES, LEVELS, REPORT_SOURCES, Col, EventType
from features.settings import LogSettings

FUTURE = timedelta(hours=24)
"""Longest lead of a sender's clock."""

YES = ("true", "t", "yes", "y", "1", "on", "是", "有", "对", "真", "√", "✓", "✔", "☑", "是的")
NO = ("false", "f", "no", "n", "0", "off", "否", "无", "错", "假", "×", "✗", "✘", "x", "不是", "没有")
YES_OR_NO = {**dict.fromkeys(YES, "true"), **dict.fromkeys(NO, "false")}
"""Words for yes and no, in lower case."""

CODE_COLUMNS = {
    Col.EVENT_TYPE: Code.TYPE_UNKNOWN,
    Col.CATEGORY: Code.CATEGORY_UNKNOWN,
    Col.SOURCE: Code.SOURCE_UNKNOWN,
    Col.LEVEL: Code.LEVEL_UNKNOWN,
    Col.SELF_FOUND: Code.NUMBER_FORMAT,
}
"""Columns that hold a code of a closed list, and what is said of any other text."""

_CHINESE_TOTAL = r"(?:[本按每各]?[页月季年周日]?度?|案件|事件)[合小总共累]\s*计"
_TOTAL = rf"(?:{_CHINESE_TOTAL}|(?i:(?:sub|grand)?[\s-]?total))(?:$|[\s:：(（\d])"
_COUNT = r"[总]?共[计有]?\s*\d+\s*(?:条|件|起|宗|行|笔|个)"
_NOTE = r"(?:填表|填报|填写|制表|制单|审核|审批|复核|统计|报送|打印|导出)(?:人|单位|部门|日期|时间)|(?:备注|注|说明)\s*[:：]"
NO_CASE = rf"^\s*(?:{_TOTAL}|{_COUNT}|{_NOTE})"
"""How the cell begins that makes a row with few others a total or a note."""
_BORDERS = re.compile(f'["{re.escape("".join(SEPARATORS))}]')
"""Characters that may part the cells of a line that was not split."""
_SHORT_BYTES = 3
"""No cell that is longer is a mark such as - or 无."""
_WORDS = [form for word in NOTHING for form in (word, word.upper(), word.capitalize())]


@dataclass(frozen=True)
class RowRules:
    """The terms of one file; both readings of it use the same."""

    source: SourceFile
    zone: str
    now: datetime
    codes: Mapping[str, Mapping[str, str]]
    """Per code column that is mapped: text of the source -> code."""
    grids: pl.DataFrame | None
    """grid_id of the registered grids and the day each was redrawn, if it was; None where grids are taken from the events."""
    vouched: frozenset[str] = frozenset()
    """Codes that only look like numbers of cards: as many pass their check as chance lets through."""

    def declared(self, name: str) -> Mapping[str, str]:
        """Return text -> code of a column with a closed list; empty for other columns."""
        return self.codes.get(name, {})

    @property
    def today(self) -> date:
        """The day identity numbers are judged by."""
        return self.now.date()

    @property
    def latest(self) -> datetime:
        """The last moment at which anything can have happened."""
        return self.now + FUTURE


def set_terms(source: SourceFile, log: LogSettings, grids: pl.DataFrame | None, now: datetime) -> RowRules:
    """Gather the closed lists of the project, the settings and the source file."""
    lists: dict[str, tuple[str, ...]] = {
        Col.EVENT_TYPE: tuple(kind.value for kind in EventType),
        Col.CATEGORY: (*DISPUTE_CATEGORIES, *log.categories, *source.categories),
        Col.SOURCE: (*REPORT_SOURCES, *log.sources, *source.sources),
        Col.LEVEL: LEVELS,
    }
    own = {name: {code: code for code in codes} for name, codes in lists.items()} | {Col.SELF_FOUND: YES_OR_NO}
    codes = {name: _table(source.columns[name], own[name]) for name in CODE_COLUMNS if name in source.columns}
    return RowRules(source, source.zone or log.zone, now, codes, grids)


def _table(column: Column, own: Mapping[str, str]) -> Mapping[str, str]:
    """Return text -> code: what the column declares where it declares anything, else the closed list itself."""
    if column.value is not None:
        return {column.value: column.value}
    return {normal(text): code for code, texts in column.values.items() for text in texts} or own


def normal(text: str) -> str:
    """Write a text as cells are compared: half-width, without surrounding blanks."""
    return unicodedata.normalize("NFKC", text.strip())


def without_no_cases(rows: RowInput, required: Sequence[str]) -> RowInput:
    """Return the same input without rows that are no cases; each batch names those that were left out.

    Args:
        rows: the input.
        required: columns that every case fills. A row that fills them all is a case, whatever it says, unless it repeats the header.
    """

    def batches() -> Iterator[RowBatch]:
        for batch in rows.batches():
            yield set_no_cases_apart(batch, required)

    return replace(rows, batches=batches)


def set_no_cases_apart(batch: RowBatch, required: Sequence[str]) -> RowBatch:
    """Move the numbers of rows that are no cases to `no_cases`, and leave the rows out."""
    cells = batch.cells
    suspects = cells.select(pl.any_horizontal(_may_be_none(pl.col(name), name) for name in required)).to_series().arg_true()
    apart = suspects.filter(_are_none(cells[suspects], required)) if len(suspects) else suspects
    cut = [row for row in batch.broken if _is_cut_total(row)]
    if not len(apart) and not cut:
        return batch
    kept = pl.repeat(True, cells.height, dtype=pl.Boolean, eager=True)
    kept = kept.scatter(apart, False) if len(apart) else kept
    return replace(
        batch,
        numbers=batch.numbers.filter(kept),
        cells=cells.filter(kept),
        broken=tuple(row for row in batch.broken if row not in cut),
        places=None if batch.places is None else batch.places.filter(kept),
        no_cases=tuple(sorted([*batch.numbers[apart], *(row.number for row in cut)])),
    )


def _may_be_none(cell: pl.Expr, name: str) -> pl.Expr:
    return cell.is_null() | (cell.str.len_bytes() <= _SHORT_BYTES) | (cell == name) | cell.is_in(_WORDS)


def _are_none(cells: pl.DataFrame, required: Sequence[str]) -> pl.Series:
    """Tell which rows repeat the header, or hold a total or a note in a row that is mostly empty and lacks what a case needs."""
    plain = cells.select(empty_where(cells[name].str.strip_chars(), (*NOTHING, "")) for name in cells.columns)
    filled = pl.sum_horizontal(pl.all().is_not_null())
    names = pl.sum_horizontal(pl.col(name).str.replace_all(r"\s", "") == clean_name(name).replace(" ", "") for name in plain.columns)
    told = pl.any_horizontal(pl.all().str.contains(NO_CASE))
    lacks = pl.any_horizontal(pl.col(name).is_null() for name in required)
    is_header = (names >= min(2, len(plain.columns))) & (2 * names > filled)
    return plain.select((is_header | (told & lacks & (2 * filled <= len(plain.columns)))).fill_null(value=False)).to_series()


def _is_cut_total(row: BrokenRow) -> bool:
    """Tell whether a row that ends too early begins with a total or a note; cells before it are empty."""
    first = next((cell for cell in _BORDERS.split(row.text) if cell.strip()), "")
    return row.code is Code.ROW_TOO_SHORT and bool(pl.Series([first]).str.contains(NO_CASE).item())
