"""Grids of an area by level: all of them, or those that a search finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup
from pydantic import Field

from serving.maps.place_names import PlaceName
from serving.pages.areas import UNRATED, find_area
from serving.pages.board_query import MapQuery
from serving.pages.layout import render_part
from serving.pages.list_dates import ShownDay
from serving.pages.page import Viewer
from serving.pages.translations import strongest
from serving.rankings.schemas import GridRow
from serving.text import ATTENTION, AttentionLevel

MOST_SHOWN = 500
"""Grids of a level that are listed; an area further down lists the rest."""


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
