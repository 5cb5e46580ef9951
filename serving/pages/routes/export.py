"""/export: rows of a list as a workbook, for a stated purpose that is written down."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from serving.accounts.permissions import Right
from serving.api.routes.exports import ExportOrder, as_file, take_away
from serving.exports import Purpose
from serving.pages.board_query import MapQuery
from serving.pages.export_workbook import to_workbook
from serving.pages.layout import HEADERS, day_text, render
from serving.pages.list_dates import find_day
from serving.pages.page import PageRoute, Viewer, viewer_of_lists

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Exporter = Annotated[Viewer, Depends(viewer_of_lists(Right.EXPORT))]


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
