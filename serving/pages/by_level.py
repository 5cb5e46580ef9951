"""All grids of an area by level, and by code within a level: a list for planning, not a ranking."""

from dataclasses import dataclass

from serving.lists.rows import GridRow
from serving.pages.command import find_area
from serving.pages.days import ShownDay
from serving.pages.gazetteer import PlaceName
from serving.pages.phrases import strongest
from serving.pages.viewer import Viewer
from serving.words import ATTENTION

MOST_ROUTINE = 500
"""Grids of a level that are listed; an area further down lists the rest."""


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
    groups: tuple[LevelGroup, ...]


def view_levels(viewer: Viewer, day: ShownDay, node: str | None) -> LevelsView:
    """Group the grids of an area, the reader's own by default.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    area = find_area(viewer.scope, day, node)
    names = viewer.site.atlas.names(viewer.engine, day.listed.head.ranking_id)
    rows = sorted(map(GridRow.model_validate_json, area.rows), key=lambda row: row.grid_id)
    groups = []
    for level in (*ATTENTION, None):
        members = [row for row in rows if (row.score.attention_level if row.score else None) == level]
        said = tuple(
            (row, names.take_apart(row.name, row.township, row.community), strongest(row.explanation, viewer.t))
            for row in members[:MOST_ROUTINE]
        )
        groups.append(LevelGroup(level, len(members), said))
    whole = "/" not in area.node
    return LevelsView(area.node, viewer.t("whole") if whole else names.area(area.node), tuple(groups))
