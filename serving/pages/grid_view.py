"""One grid: why it stands where it does, how sure that is, and what changed since the list before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.maps.place_names import Gazetteer, PlaceName
from serving.maps.svg import Outlines, Sheet
from serving.pages.areas import count_rated
from serving.pages.corrections_view import Change, Contested, changes, of_grid
from serving.pages.grid_charts import PastAlert, ReasonBars, Year, draw_reasons, draw_year, read_notices
from serving.pages.list_query import ListQuery
from serving.pages.map_cache import draw_around
from serving.pages.map_view import Shape
from serving.pages.page import Viewer
from serving.pages.translations import LEVEL_CLASS, NOT_RATED
from serving.pages.undertakings_view import UndertakingLine, look_ahead
from serving.rankings.entries import Entry
from serving.rankings.ledger import history
from serving.rankings.line_words import outcome_words
from serving.rankings.schemas import Explanation, GridRow
from serving.text import Text

LISTS = 60
"""Past lists that are looked at."""
CONTESTED = 5
"""Corrections that are shown."""
SHEET = Sheet(400, 300)


@dataclass(frozen=True)
class Neighbourhood:
    """The grid among its neighbours."""

    outlines: Outlines
    shapes: tuple[Shape, ...]
    names: tuple[tuple[float, float, str, str], ...]
    """x, y, class of level and short name."""


@dataclass(frozen=True)
class GridView:
    """All that the template shows."""

    row: GridRow
    entry: Entry
    place: PlaceName
    crumbs: tuple[tuple[str, str], ...]
    rated: int
    """Rated grids of the whole list, which every rank is out of."""
    reasons: ReasonBars | None
    outcomes: Text | None
    """The expected count by how cases would escalate."""
    changes: tuple[Change, ...]
    year: Year
    notices: tuple[PastAlert, ...]
    beside: Neighbourhood
    open_cases: tuple[tuple[str, int | None], ...]
    contested: tuple[Contested, ...]
    ahead: tuple[UndertakingLine, ...]
    """Undertakings that begin here within 30 days."""


class GridQuery(ListQuery):
    """List that a grid is shown of."""

    contested: bool = False
    """Whether something was contested just now."""


def view_grid(viewer: Viewer, grid_id: str, query: GridQuery) -> GridView:
    """Put the page of a grid together from the newest list it stands on.

    Raises:
        NotFoundError: no list in the reader's area has such a grid.
    """
    current = viewer.reading.shelf.current
    target = query.target or (current.head.entry.origin.target if current else "")
    found = history(viewer.engine, viewer.scope, grid_id, target, LISTS)
    if not found:
        raise NotFoundError("No such grid is on a published list.")
    lists = [(entry, GridRow.model_validate_json(body)) for entry, body in found]
    entry, row = lists[0]
    names = viewer.site.atlas.names(viewer.engine, entry.ranking_id)
    as_of = entry.origin.as_of
    notices = read_notices(viewer, grid_id, as_of)
    listed = viewer.reading.shelf.named(entry.ranking_id)
    return GridView(
        row=row,
        entry=entry,
        place=names.take_apart(row.name, row.township, row.community),
        crumbs=_crumbs(viewer, row, names),
        rated=viewer.site.kept.get(("rated", entry.ranking_id), partial(count_rated, listed)),
        reasons=draw_reasons(row.explanation, viewer.t) if row.explanation else None,
        outcomes=outcome_words(row.explanation.outcomes) if isinstance(row.explanation, Explanation) and row.explanation.outcomes else None,
        changes=changes(lists[1][1], row, viewer.t) if len(lists) > 1 else (),
        year=draw_year(row, lists, notices, as_of, viewer.t),
        notices=notices,
        beside=_neighbourhood(viewer, row, listed.within(viewer.scope, "grid", row.township), names, query),
        open_cases=tuple((viewer.t(f"waiting_{number}"), value) for number, value in enumerate(row.open_cases)),
        contested=of_grid(viewer, grid_id)[:CONTESTED],
        ahead=look_ahead(viewer, Scope(f"{row.community or row.township or row.district or ''}/{grid_id}".strip("/")), as_of),
    )


def _crumbs(viewer: Viewer, row: GridRow, names: Gazetteer) -> tuple[tuple[str, str], ...]:
    paths = [path for path in (row.district, row.township, row.community) if path and viewer.scope.covers(path)]
    return tuple((path, viewer.t("whole") if path == row.district else names.area(path)) for path in paths)


def _neighbourhood(viewer: Viewer, row: GridRow, rows: Sequence[bytes], names: Gazetteer, query: ListQuery) -> Neighbourhood:
    outlines = draw_around(viewer.engine, row.grid_id, SHEET)
    known = {each.grid_id: each for each in map(GridRow.model_validate_json, rows) if each.grid_id in outlines.shapes}
    if row.grid_id in known:  # drawn last, so that its border lies over those of the others
        known[row.grid_id] = known.pop(row.grid_id)
    shapes = tuple(Shape(outlines.shapes[grid_id], _level(each), each.name, query.grid_address(grid_id)) for grid_id, each in known.items())
    said = {grid_id: names.take_apart(each.name, each.township, each.community).grid for grid_id, each in known.items()}
    points = tuple((*outlines.marks[grid_id], _level(each), _number(said[grid_id])) for grid_id, each in known.items())
    return Neighbourhood(outlines, shapes, points)


def _level(row: GridRow) -> str:
    return LEVEL_CLASS[row.score.attention_level] if row.score else NOT_RATED


def _number(name: str) -> str:
    """Return the number in a grid's name, for a map too small for words.

    >>> _number("第5网格")
    '5'
    """
    return "".join(letter for letter in name if letter.isdigit()) or name[:4]
