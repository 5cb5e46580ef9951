"""Two days beside each other: which grids came to need attention first, which left, which stayed, and what changed in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from features.errors import NotFoundError
from serving.dates import IsoDay
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.areas import Area, find_area
from serving.pages.corrections_view import Change, changes
from serving.pages.list_query import MapQuery, ShownDay
from serving.pages.page import Viewer
from serving.pages.ranked_lists import priority_rows
from serving.pages.translations import strongest
from serving.rankings.ledger import read_row
from serving.rankings.schemas import GridRow
from serving.server.list_cache import PublishedList


class ChangesQuery(MapQuery):
    """Two lists to compare, and the area."""

    before: IsoDay | None = None
    """Date of the earlier list; that before `date` where it is None."""


@dataclass(frozen=True)
class ChangedGrid:
    """One grid on both days, said."""

    grid_id: str
    place: PlaceName
    reason: str
    """Main reason on the day on which it stood in the first level."""
    why: tuple[Change, ...] | None
    """Difference between the days; None where one of them does not have the grid."""


@dataclass(frozen=True)
class ChangesView:
    """All that the template shows."""

    area: Area
    name: str
    before: date
    entered: tuple[ChangedGrid, ...]
    left: tuple[ChangedGrid, ...]
    stayed: tuple[ChangedGrid, ...]


def view_changes(viewer: Viewer, day: ShownDay, query: ChangesQuery) -> ChangesView:
    """Compare the grids at level priority on two lists; each group is in the order of codes.

    Raises:
        NotFoundError: there is no earlier list, or no such area that the reader may see.
    """
    area = find_area(viewer.scope, day, query.area or None)
    earlier = viewer.reading.shelf.on(query.before or day.previous, day.entry.origin.target) if query.before or day.previous else None
    if earlier is None:
        raise NotFoundError("There must be another list to compare with. Choose a date that has one.")
    names = viewer.site.atlas.names(viewer.engine, day.entry.ranking_id)
    now, then = _by_id(area.rows), _by_id(earlier.within(viewer.scope, "grid", area.node))
    pair = _Pair(viewer, names, earlier)
    return ChangesView(
        area=area,
        name=names.area(area.node) if "/" in area.node else viewer.t("whole"),
        before=earlier.head.entry.origin.as_of,
        entered=tuple(pair.say(now[grid_id], earlier) for grid_id in sorted(now.keys() - then.keys())),
        left=tuple(pair.say(then[grid_id], day.listed) for grid_id in sorted(then.keys() - now.keys())),
        stayed=tuple(pair.say(now[grid_id], earlier) for grid_id in sorted(now.keys() & then.keys())),
    )


def _by_id(rows: Sequence[bytes]) -> Mapping[str, GridRow]:
    return {row.grid_id: row for row in priority_rows(rows)}


@dataclass(frozen=True)
class _Pair:
    """The earlier of two lists, and what rows are said with."""

    viewer: Viewer
    names: Gazetteer
    earlier: PublishedList

    def say(self, row: GridRow, other: PublishedList) -> ChangedGrid:
        """Say a grid that one list has at level priority, beside its row on the other list."""
        body = read_row(self.viewer.engine, self.viewer.scope, other.head.entry, "grid", row.grid_id)
        beside = GridRow.model_validate_json(body) if body else None
        before, now = (beside, row) if other is self.earlier else (row, beside)
        return ChangedGrid(
            grid_id=row.grid_id,
            place=self.names.take_apart(row.name, row.township, row.community),
            reason=strongest(row.explanation, self.viewer.t),
            why=changes(before, now, self.viewer.t) if before and now else None,
        )
