"""Tables as an Excel file: every text is written as text and starts like no formula, so nothing in it runs and nothing links out."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook

from serving.exports.csv_file import harmless

Cell = str | int | float | None

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
WIDTH = 16


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
