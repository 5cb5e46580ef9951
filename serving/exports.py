"""Tables as files that Excel opens as they are: CSV in UTF-8 with BOM, and workbooks.

No cell runs as a formula and nothing links out.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from pydantic import BaseModel
from xlsxwriter import Workbook

from serving.rankings.schemas import AREA_LEVELS, AreaRow, GridRow, Level, Score
from serving.text import SERVICE_ONLY

BOM = "\ufeff"
TRIGGERS = tuple("=+-@\t\r\n\0|")
"""First characters that a spreadsheet may take for a formula or a new cell."""
UNSEEN = "".join(map(chr, (0x20, 0xA0, 0xAD, *range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2070), 0x3000, 0xFEFF)))
"""Blanks and marks of no width, any number of which may stand before such a character."""
NOTICE = "notice"

_NESTED = {"score", "explanation", "weekly_cases", "open_cases", "weekly_escalations", "withheld_words"}

Cell = str | int | float | None

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
WIDTH = 16


def _columns(row: type[BaseModel], *further: str) -> tuple[str, ...]:
    return (*(name for name in row.model_fields if name not in _NESTED), *further, NOTICE)


COLUMNS: dict[Level, tuple[str, ...]] = {
    "grid": _columns(GridRow, *Score.model_fields),
    **dict.fromkeys(AREA_LEVELS, _columns(AreaRow)),
}


def to_csv(level: Level, bodies: Iterable[bytes]) -> bytes:
    """Write published rows as CSV; the words of a grid's reasons stay in the JSON."""
    return table_to_csv(COLUMNS[level], cells(level, bodies))


def table_to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a table as CSV; no cell of it is one that a spreadsheet runs."""
    target = io.StringIO(BOM, newline="")
    target.seek(0, io.SEEK_END)
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return target.getvalue().encode()


def cells(level: Level, bodies: Iterable[bytes]) -> Iterator[list[Any]]:
    """Yield the cells of each row in the order of `COLUMNS`; none of them is one that a spreadsheet runs."""
    for row in _flat(bodies):
        yield [_cell(row.get(name)) for name in COLUMNS[level]]


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs: one that starts like a formula gets an apostrophe in front.

    >>> harmless("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
    >>> harmless("滨河社区")
    '滨河社区'
    """
    start = unicodedata.normalize("NFKC", text.lstrip(UNSEEN)[:8]).lstrip(UNSEEN)
    return f"'{text}" if start.startswith(TRIGGERS) else text


def _flat(bodies: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for body in bodies:
        row = json.loads(body)
        yield row | (row.get("score") or {}) | {NOTICE: SERVICE_ONLY.zh}


def _cell(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


class Purpose(StrEnum):
    """Permitted export purposes; comparing people or units is none."""

    SERVICE_PLANNING = auto()
    MEDIATION = auto()
    AUDIT = auto()
    STUDY = auto()


@dataclass(frozen=True)
class Column:
    """The head of a column, and how its cells look."""

    head: str
    width: int = WIDTH
    """In characters."""
    number_format: str | None = None
    """As Excel writes it."""


@dataclass(frozen=True)
class Sheet:
    """A table to be written."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Iterable[Cell]]
    above: str = ""
    """A line above the heads; without it they stand in the first row."""


def to_xlsx(sheet: Sheet) -> bytes:
    """Write one sheet, its heads kept in view and ready to filter by."""
    target = io.BytesIO()
    first = 1 if sheet.above else 0
    with Workbook(target, AS_TEXT) as book:
        page = book.add_worksheet(sheet.name)
        page.write_string(0, 0, sheet.above)
        bold = book.add_format({"bold": True, "bottom": 1})
        for place, column in enumerate(sheet.columns):
            look = book.add_format({"num_format": column.number_format}) if column.number_format else None
            page.set_column(place, place, column.width, look)
            page.write_string(first, place, column.head, bold)
        last = first
        for last, row in enumerate(sheet.rows, start=first + 1):
            for place, cell in enumerate(row):
                if cell is not None:
                    page.write(last, place, harmless(cell) if isinstance(cell, str) else cell)
        page.freeze_panes(first + 1, 0)
        page.autofilter(first, 0, last, len(sheet.columns) - 1)
    return target.getvalue()
