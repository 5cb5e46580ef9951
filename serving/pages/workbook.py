"""A list as a workbook: numbers as numbers, codes as text, and nothing that runs as a formula."""

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

from serving.pages.catalogue import Speaker
from serving.pages.gazetteer import Gazetteer
from serving.rows import GridRow
from serving.words import ATTENTION, NOTICES

Cell = str | int | float | None

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = {
    "code": 18,
    "township": 16,
    "community": 16,
    "grid": 12,
    "level": 12,
    "rank": 8,
    "rank_low": 10,
    "rank_high": 10,
    "expected_cases": 12,
    "usual_cases": 12,
    "factor": 12,
    "risk": 12,
    "chronic": 12,
    "rising": 12,
    "why_not": 40,
}
"""Keys of the column heads, and widths in characters."""
DECIMALS = {"expected_cases": "0.000", "usual_cases": "0.000", "factor": "0.00", "risk": "0%"}
FIRST_ROW = 1
"""Row of the column heads; what the list is for stands above them."""


def to_workbook(rows: Sequence[bytes], names: Gazetteer, title: str, t: Speaker) -> bytes:
    """Write grid rows of a list in published order.

    Args:
        rows: JSON of the rows.
        names: what places are called.
        title: which list it is.
        t: the language.
    """
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(t("nav_grids"))
        sheet.write_string(0, 0, " · ".join([title, *(t.of(notice) for notice in NOTICES)]))
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {key: book.add_format({"num_format": shown}) for key, shown in DECIMALS.items()}
        for column, (key, width) in enumerate(COLUMNS.items()):
            sheet.set_column(column, column, width, formats.get(key))
            sheet.write_string(FIRST_ROW, column, t(f"sheet_{key}"), bold)
        for number, body in enumerate(rows, start=FIRST_ROW + 1):
            for column, cell in enumerate(_cells(GridRow.model_validate_json(body), names, t)):
                if cell is not None:
                    sheet.write(number, column, cell)
        sheet.freeze_panes(FIRST_ROW + 1, 0)
        sheet.autofilter(FIRST_ROW, 0, FIRST_ROW + len(rows), len(COLUMNS) - 1)
    return target.getvalue()


def _cells(row: GridRow, names: Gazetteer, t: Speaker) -> Iterable[Cell]:
    place = names.take_apart(row.name, row.township, row.community)
    yield from (row.grid_id, place.township, place.community, place.grid)
    if row.score is None:
        yield from (t("not_rated"), *[None] * 9, t.of(row.withheld_words) if row.withheld_words else None)
        return
    score = row.score
    yield t.of(ATTENTION[score.attention_level])
    yield from (score.rank, score.rank_low, score.rank_high, score.expected_escalations, score.usual_level, score.factor, score.risk)
    yield from (t("sheet_yes") if mark else "" for mark in (score.chronic, score.rising))
