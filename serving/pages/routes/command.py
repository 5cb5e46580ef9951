"""GET /: the command screen.

GET /changes: two days beside each other.
"""

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import NotFoundError
from serving.accounts.permissions import Right, Role
from serving.operations.health import Source
from serving.pages.command_view import CommandView, view_command
from serving.pages.compare_view import ChangesQuery, view_changes
from serving.pages.layout import HEADERS, day_text, end_text, moment_text, render
from serving.pages.list_query import BoardQuery, FiguresQuery, MapQuery, ShownDay, find_area, find_day
from serving.pages.map_view import title_grid
from serving.pages.page import ListViewer, PageRoute, Viewer, Visitor
from serving.pages.ranked_lists import LISTS
from serving.pages.translations import Translator
from serving.rankings.ledger import read_row
from serving.rankings.schemas import GridRow
from serving.server.auth import keep_wall_signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
def show_command(request: Request, query: Annotated[BoardQuery, Query()], viewer: Visitor) -> Response:
    """Show a day's list to the command centre; staff begin at their notices, auditors at what is contested."""
    if viewer.actor.role in (Role.GRID_WORKER, Role.DEPARTMENT):
        return RedirectResponse("/alerts")
    if not viewer.actor.may(Right.READ_LISTS):
        return RedirectResponse("/corrections")
    day = find_day(viewer.reading, query.date, query.target)
    view = view_command(viewer, day, query)
    if not view.areas:  # links keep the table of areas where the place they lead to has none
        query = query.model_copy(update={"show": query.list_name})
    about = {"date": day.as_of, "area": view.board.area.node, **query.target_named}
    page = render(
        request,
        "command.html",
        viewer.actor,
        view=view,
        board=view.board,
        day=day,
        query=query,
        link=query.address,
        shown=(*LISTS, "areas") if view.areas else LISTS,
        next_view=_next_view(query, view),
        export_address=f"/export?{urlencode(about)}",
        grids_address=f"/grids?{urlencode(about)}",
        changes_address=f"/changes?{urlencode(about)}",
        headline=_headline(view, viewer.t, newest=day.next is None and view.fresh),
        **_said(viewer, day, view),
    )
    if viewer.actor.role == Role.WALL:
        keep_wall_signed_in(request, page, secure=viewer.site.settings.serving.behind_proxy)
    return page


@router.get("/map")
def show_map(query: Annotated[MapQuery, Query()], viewer: ListViewer) -> Response:
    """Return the grids of an area with the colours of a day, as a file for the browser to draw."""
    day = find_day(viewer.reading, query.date, query.target)
    area = find_area(viewer.scope, day, query.area)
    if not viewer.site.atlas.has_polygons(viewer.engine, day.listed.head.ranking_id, area.node):
        raise NotFoundError("No borders of these grids are known. Ingest a grid file with geometry.")
    drawn = viewer.site.atlas.packed(viewer.engine, day.listed, area.node)
    return Response(drawn.file + drawn.levels, headers=HEADERS, media_type="application/octet-stream")


@router.get("/map/figures")
def show_figures(query: Annotated[FiguresQuery, Query()], viewer: ListViewer) -> Response:
    """Return the figures of one grid as a line, for the map that the browser draws."""
    body = read_row(viewer.engine, viewer.scope, find_day(viewer.reading, query.date, query.target).entry, "grid", query.grid)
    if body is None:
        raise NotFoundError("No such grid is on this list.")
    return Response(title_grid(GridRow.model_validate_json(body), viewer.t), headers=HEADERS, media_type="text/plain")


def _next_view(query: BoardQuery, view: CommandView) -> str:
    """Return what a screen that changes by itself shows next: every page of today's attention, then the other lists and the areas."""
    if query.show == "attention" and query.page < view.board.pages:
        return query.address(page=query.page + 1)
    others = [name for name in ("chronic", "rising") if view.board.counts[name]]
    views = ["attention", *others, *(["areas"] if view.areas else [])]
    following = views.index(query.show) + 1 if query.show in views else 0
    return query.address(show=views[following % len(views)])


def _said(viewer: Viewer, day: ShownDay, view: CommandView) -> dict[str, Any]:
    t, zone, origin = viewer.t, viewer.site.settings.tz, day.entry.origin
    last = day.as_of + timedelta(days=origin.horizon_days - 1)
    return {
        "said_day": day_text(day.as_of, t, weekday=True),
        "published": moment_text(day.entry.published_at, t, zone),
        "data_through": end_text(origin.data_through, t, zone),
        "valid_days": t("valid_days", start=_short(day.as_of, t), end=_short(last, t)),
        "source_said": [_say_source(source, viewer) for source in view.sources],
        "loaded": moment_text(viewer.now, t, zone),
    }


def _say_source(source: Source, viewer: Viewer) -> str:
    if source.through is None:
        return viewer.t("source_never")
    through = viewer.t("source_through", at=end_text(source.through, viewer.t, viewer.site.settings.tz))
    return f"{through} · {viewer.t('late_days', n=source.days_old)}" if source.late else through


def _headline(view: CommandView, t: Translator, *, newest: bool) -> str:
    count, entered = view.board.totals.levels["3"], view.board.totals.entered
    if not newest:
        return t("headline_past", n=count)
    if not count:
        return t("headline_calm")
    return t("headline", n=count, new=entered) if entered else t("headline_first", n=count)


def _short(day: date, t: Translator) -> str:
    return t("short_day", month=day.month, day=day.day)


@router.get("/changes")
def show_changes(request: Request, query: Annotated[ChangesQuery, Query()], viewer: ListViewer) -> Response:
    """Show by name which grids entered, left and kept the level priority between two lists, and what changed in them."""
    day = find_day(viewer.reading, query.date, query.target)
    view = view_changes(viewer, day, query)
    said_day, said_before = (day_text(shown, viewer.t) for shown in (day.as_of, view.before))
    return render(request, "changes.html", viewer.actor, view=view, query=query, day=day, said_day=said_day, said_before=said_before)
