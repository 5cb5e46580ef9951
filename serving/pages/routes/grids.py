"""GET /grids and /grids/{grid_id}: all grids by level, and one of them, where it can be contested.

GET /corrections: what is contested, and the answers to it.

/export: rows of a list as a workbook, for a stated purpose that is written down.
"""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from serving.accounts.permissions import Right
from serving.alerts.corrections import About, CorrectionStep, answer_correction, contest
from serving.alerts.lifecycle import REASONS, Action
from serving.api.routes.rankings import ExportOrder, as_file, take_away
from serving.exports import Purpose
from serving.pages.compare_view import weak_subsets_of
from serving.pages.corrections_view import view_corrections
from serving.pages.grid_view import GridQuery, view_grid
from serving.pages.layout import HEADERS, day_text, end_text, render
from serving.pages.levels_view import GridsQuery, to_workbook, view_levels
from serving.pages.list_query import MapQuery, find_day
from serving.pages.map_view import address
from serving.pages.page import ListViewer, PageRoute, Viewer, viewer_of_lists, viewer_with
from serving.pages.ranked_lists import often_between
from serving.pages.translations import often

GridId = Annotated[str, Path(max_length=100)]

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Viewer, Depends(viewer_with(Right.READ_CORRECTIONS))]
Deciding = Annotated[Viewer, Depends(viewer_with(Right.DECIDE_CORRECTIONS))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]

Exporter = Annotated[Viewer, Depends(viewer_of_lists(Right.EXPORT))]


@router.get("/grids")
def show_grids(request: Request, query: Annotated[GridsQuery, Query()], viewer: ListViewer) -> Response:
    """Show the grids of an area by level, and by code within a level; a search that finds one grid leads to it."""
    day = find_day(viewer.reading, query.date, query.target)
    view = view_levels(viewer, day, query)
    if view.only:
        return RedirectResponse(query.grid_address(view.only), HTTPStatus.SEE_OTHER)
    weak = weak_subsets_of(viewer.site.home, day.entry.origin.model_hash)
    said_day = day_text(day.as_of, viewer.t, weekday=True)
    changes_address = f"/changes?{urlencode({'date': day.as_of, 'area': view.node, **query.target_named})}" if day.previous else None
    return render(
        request, "grids.html", viewer.actor, view=view, query=query, day=day, said_day=said_day, weak=weak, changes_address=changes_address
    )


@router.get("/grids/{grid_id}")
def show_grid(request: Request, grid_id: GridId, query: Annotated[GridQuery, Query()], viewer: ListViewer) -> Response:
    """Show one grid."""
    view = view_grid(viewer, grid_id, query)
    origin, t = view.entry.origin, viewer.t
    last = origin.as_of + timedelta(days=origin.horizon_days - 1)
    return render(
        request,
        "grid.html",
        viewer.actor,
        view=view,
        query=query,
        address=address,
        said_day=day_text(origin.as_of, t, weekday=True),
        data_through=end_text(origin.data_through, t, viewer.site.settings.tz),
        window=t("window", start=day_text(origin.as_of, t), end=day_text(last, t)),
        often=often(view.row.score.risk, t) if view.row.score else None,
        often_range=often_between(viewer.reading.shelf.named(view.entry.ranking_id), view.row.score, t) if view.row.score else None,
        wrongs=REASONS[Action.DATA_WRONG],
        contested=query.contested,
    )


@router.post("/grids/{grid_id}/correction")
def correct_grid(
    grid_id: GridId, viewer: ListViewer, alert: Annotated[str, Form(max_length=64)], reason: Annotated[str, Form(max_length=40)]
) -> Response:
    """Contest what the last notice of a grid says."""
    about = About.BOUNDARY if reason == "boundary" else About.DATA
    contest(viewer.engine, viewer.actor, alert, about, reason, viewer.now)
    return RedirectResponse(f"/grids/{grid_id}?contested=true", HTTPStatus.SEE_OTHER)


@router.get("/corrections")
def show_corrections(request: Request, viewer: Reader) -> Response:
    """Show what is contested in reach, what is overdue first."""
    return render(request, "corrections.html", viewer.actor, view=view_corrections(viewer))


@router.post("/corrections/{number}")
def answer(viewer: Deciding, number: Number, step: Annotated[CorrectionStep, Form()]) -> Response:
    """Acknowledge a correction, or accept or refuse it."""
    answer_correction(viewer.engine, viewer.actor, number, step, viewer.now)
    return RedirectResponse("/corrections", HTTPStatus.SEE_OTHER)


@router.get("/export")
def show_export(request: Request, query: Annotated[MapQuery, Query()], viewer: Exporter) -> Response:
    """Ask what the file is for."""
    day = find_day(viewer.reading, query.date, query.target)
    rows = day.listed.within(viewer.scope, "grid", query.area)
    return render(
        request,
        "export.html",
        viewer.actor,
        day=day,
        area=query.area or "",
        target=query.target,
        said_day=day_text(day.as_of, viewer.t),
        rows=len(rows),
        Purpose=Purpose,
    )


@router.post("/export")
def export(
    viewer: Exporter,
    as_of: Annotated[date, Form(alias="date")],
    purpose: Annotated[Purpose, Form()],
    area: Annotated[str, Form(max_length=500)] = "",
    target: Annotated[str | None, Form(max_length=100)] = None,
) -> Response:
    """Return the rows, and write down who took them and what for."""
    day = find_day(viewer.reading, as_of, target)
    order = ExportOrder(date=as_of, level="grid", parent=area or None, purpose=purpose, format="xlsx")
    rows = take_away(viewer.reading, viewer.actor, day.listed, order)
    names = viewer.site.atlas.names(viewer.engine, day.listed.head.ranking_id)
    answer = as_file(day.listed, order, to_workbook(rows, names, day_text(day.as_of, viewer.t), viewer.t))
    answer.headers.update(HEADERS)
    return answer
