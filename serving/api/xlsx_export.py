"""Lists as an Excel file: every text is written as text, so nothing in it runs and nothing links out."""

import io
from collections.abc import Iterable

from xlsxwriter import Workbook

from serving.api.csv_export import table
from serving.rows import Level

AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


def to_xlsx(level: Level, bodies: Iterable[bytes]) -> bytes:
    """Write published rows as one sheet, its header kept in view."""
    target = io.BytesIO()
    with Workbook(target, AS_TEXT) as workbook:
        sheet = workbook.add_worksheet(level)
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate(table(level, bodies)):
            sheet.write_row(number, 0, cells)
    return target.getvalue()
