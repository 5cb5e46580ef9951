"""The list of grids as a workbook: heads and levels in the reader's language, places by their names."""

from collections.abc import Iterator, Sequence

from serving.exports import Cell, Column, Sheet, to_xlsx
from serving.maps.place_names import Gazetteer
from serving.pages.translations import Translator
from serving.rankings.schemas import GridRow
from serving.text import ATTENTION, NOTICES

WIDTHS = {
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
NUMBER_FORMATS = {"expected_cases": "0.000", "usual_cases": "0.000", "factor": "0.00", "risk": "0%"}


def to_workbook(rows: Sequence[bytes], names: Gazetteer, title: str, t: Translator) -> bytes:
    """Write grid rows of a list in published order.

    Args:
        rows: JSON of the rows.
        names: what places are called.
        title: which list it is.
        t: the language.
    """
    columns = [Column(t(f"sheet_{key}"), width, NUMBER_FORMATS.get(key)) for key, width in WIDTHS.items()]
    cells = (_cells(GridRow.model_validate_json(body), names, t) for body in rows)
    return to_xlsx(Sheet(t("nav_grids"), columns, cells, above=" · ".join([title, *(t.of(notice) for notice in NOTICES)])))


def _cells(row: GridRow, names: Gazetteer, t: Translator) -> Iterator[Cell]:
    place = names.take_apart(row.name, row.township, row.community)
    yield from (row.grid_id, place.township, place.community, place.grid)
    if row.score is None:
        yield from (t("not_rated"), *[None] * 9, t.of(row.withheld_words) if row.withheld_words else None)
        return
    score = row.score
    yield t.of(ATTENTION[score.attention_level])
    yield from (score.rank, score.rank_low, score.rank_high, score.expected_escalations, score.usual_level, score.factor, score.risk)
    yield from (t("sheet_yes") if mark else "" for mark in (score.chronic, score.rising))
