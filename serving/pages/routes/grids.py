"""GET /grids and /grids/{grid_id}: all grids by level, and one of them, where it can be contested."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from serving.alerts.corrections import About, contest
from serving.alerts.lifecycle import REASONS, Action
from serving.pages.compare_view import weak_subsets_of
from serving.pages.grid_view import GridQuery, view_grid
from serving.pages.layout import day_text, end_text, render
from serving.pages.levels_view import GridsQuery, view_levels
from serving.pages.list_dates import find_day
from serving.pages.map_view import address
from serving.pages.page import ListViewer, PageRoute
from serving.pages.ranked_lists import often_between
from serving.pages.translations import often

GridId = Annotated[str, Path(max_length=100)]

router = APIRouter(route_class=PageRoute, include_in_schema=False)


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
