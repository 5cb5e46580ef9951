"""Grids by level: which rows a search finds, and the same list as a workbook in the reader's language."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from serving.maps.place_names import Gazetteer
from serving.pages.levels_view import WIDTHS, GridsQuery, _fitting, to_workbook
from serving.pages.translations import Translator
from serving.rankings.schemas import GridRow
from tests.support.made_alerts import make_row, make_score

ROWS = [
    make_row("g11", 1).model_copy(update={"score": make_score(1, attention_level="priority", chronic=True)}),
    make_row("g12", 2),
    make_row("g2", None),
]
STORED = [row.model_dump_json().encode() for row in ROWS]
NAMES = Gazetteer({}, {})


def found(**query: str) -> list[str]:
    return [row.grid_id for row in _fitting(STORED, GridsQuery(**query))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["g11", "g12", "g2"]),
        ({"level": "priority"}, ["g11"]),
        ({"level": "not_rated"}, ["g2"]),
        ({"q": " g1 "}, ["g11", "g12"]),
        ({"q": "示例g2"}, ["g2"]),
        ({"q": "g1", "level": "elevated"}, ["g12"]),
        ({"q": "priority"}, []),
        ({"q": "nowhere"}, []),
    ],
)
def test_search_looks_at_names_and_codes_alone(query, expected) -> None:
    assert expected == found(**query)


def sheet(language: str) -> list[tuple]:
    workbook = load_workbook(BytesIO(to_workbook(STORED, NAMES, "2026-01-09", Translator(language))))
    return list(workbook.active.iter_rows(values_only=True))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_workbook_holds_every_row_in_published_order_below_the_notices(language) -> None:
    rows = sheet(language)

    assert str(rows[0][0]).startswith("2026-01-09 · ")
    assert tuple(Translator(language)(f"sheet_{key}") for key in WIDTHS) == rows[1]
    assert ["g11", "g12", "g2"] == [row[0] for row in rows[2:]]


def test_workbook_keeps_figures_as_numbers_and_leaves_those_of_unrated_grids_empty() -> None:
    first, _, unrated = (dict(zip(WIDTHS, row, strict=True)) for row in sheet("zh")[2:])
    score = GridRow.model_validate_json(STORED[0]).score

    assert (1, score.expected_escalations, score.risk) == (first["rank"], first["expected_cases"], pytest.approx(first["risk"]))
    assert (Translator("zh")("sheet_yes"), None) == (first["chronic"], unrated["rank"])
    assert Translator("zh")("not_rated") == unrated["level"]
