"""Grids of an area by level, all of them or those that a search finds, and the same list as a workbook in the reader's language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup
from pydantic import Field

from serving.exports import Cell, Column, Sheet, to_xlsx
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.layout import render_part
from serving.pages.list_query import UNRATED, MapQuery, ShownDay, find_area
from serving.pages.page import Viewer
from serving.pages.translations import Translator, strongest
from serving.rankings.schemas import GridRow
from serving.text import ATTENTION, NOTICES, AttentionLevel

MOST_SHOWN = 500
"""Grids of a level that are listed; an area further down lists the rest."""

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


class GridsQuery(MapQuery):
    """Grids of a list."""

    level: AttentionLevel | Literal["not_rated", ""] = ""
    """Empty is every level."""
    q: str = Field("", max_length=40)
    """Part of a name or code."""


@dataclass(frozen=True)
class LevelGroup:
    """The grids of one level."""

    level: str | None
    """None for those that are not rated."""
    total: int
    grids: tuple[tuple[GridRow, PlaceName, str], ...]


@dataclass(frozen=True)
class LevelsView:
    """All that the template shows."""

    node: str
    name: str
    total: int
    """Grids that fit the query."""
    only: str | None
    """The one grid that fits a search; None where there are others, or none."""
    areas: tuple[tuple[str, str], ...]
    """Path and name of the areas one step down, by code."""
    groups_html: Markup


def view_levels(viewer: Viewer, day: ShownDay, query: GridsQuery) -> LevelsView:
    """Group the grids of an area, the reader's own by default; requests for all of them share one page.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    key = ("levels", day.entry.ranking_id, viewer.scope, query, viewer.t.language)
    return _make(viewer, day, query) if query.q else viewer.site.kept.get(key, lambda: _make(viewer, day, query))


def _make(viewer: Viewer, day: ShownDay, query: GridsQuery) -> LevelsView:
    area = find_area(viewer.scope, day, query.area or None)
    names = viewer.site.atlas.names(viewer.engine, day.listed.head.ranking_id)
    rows = sorted(_fitting(area.rows, query), key=lambda row: row.grid_id)
    groups = []
    for level in (*ATTENTION, None):
        members = [row for row in rows if (row.score.attention_level if row.score else None) == level]
        said = tuple(
            (row, names.take_apart(row.name, row.township, row.community), strongest(row.explanation, viewer.t))
            for row in members[:MOST_SHOWN]
        )
        groups.append(LevelGroup(level, len(members), said))
    return LevelsView(
        node=area.node,
        name=names.area(area.node) if "/" in area.node else viewer.t("whole"),
        total=len(rows),
        only=rows[0].grid_id if query.q and len(rows) == 1 else None,
        areas=tuple((row.path, names.area(row.path)) for row in area.children),
        groups_html=render_part("parts/grid_levels.html", groups=groups, query=query, t=viewer.t),
    )


def _fitting(rows: Sequence[bytes], query: GridsQuery) -> Iterator[GridRow]:
    """Yield the rows that fit; only those whose bytes hold what is sought are read."""
    level = UNRATED if query.level == "not_rated" else f'"attention_level":"{query.level}"'.encode() if query.level else b""
    sought = query.q.strip()
    for row in map(GridRow.model_validate_json, (row for row in rows if level in row and sought.encode() in row)):
        if sought in row.name or sought in row.grid_id:
            yield row


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
