"""GET /grids and /grids/{grid_id}: all grids by level, and one of them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from serving.api.rankings import IsoDate
from serving.pages.by_level import view_levels
from serving.pages.days import find_day
from serving.pages.frame import render, said_day, said_end
from serving.pages.grid import view_grid
from serving.pages.map_view import address
from serving.pages.page_route import PageRoute
from serving.pages.phrases import often
from serving.pages.viewer import ListViewer

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class GridsQuery(BaseModel):
    """Which part of which list."""

    model_config = ConfigDict(extra="forbid")

    date: IsoDate = None
    area: str | None = Field(None, max_length=500)


@router.get("/grids")
def show_grids(request: Request, query: Annotated[GridsQuery, Query()], viewer: ListViewer) -> Response:
    """Show the grids of an area by level, and by code within a level."""
    day = find_day(viewer.reading, query.date)
    view = view_levels(viewer, day, query.area or None)
    return render(request, "grids.html", viewer.actor, view=view, said_day=said_day(day.as_of, viewer.t, weekday=True), day=day)


@router.get("/grids/{grid_id}")
def show_grid(request: Request, grid_id: Annotated[str, Path(max_length=100)], viewer: ListViewer) -> Response:
    """Show one grid."""
    view = view_grid(viewer, grid_id)
    origin, t = view.entry.origin, viewer.t
    last = origin.as_of + timedelta(days=origin.horizon_days - 1)
    return render(
        request,
        "grid.html",
        viewer.actor,
        view=view,
        address=address,
        said_day=said_day(origin.as_of, t, weekday=True),
        data_through=said_end(origin.data_through, t, viewer.site.settings.tz),
        window=t("window", start=said_day(origin.as_of, t), end=said_day(last, t)),
        often=often(view.row.score.risk, t) if view.row.score else None,
    )
