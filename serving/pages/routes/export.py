"""/export: rows of a list as a workbook, for a stated purpose that is written down."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response

from serving.access.actor import Right
from serving.api.exporting import MAX_ROWS
from serving.exports import Purpose, record_export
from serving.pages.days import ShownDay, find_day
from serving.pages.frame import HEADERS, render, said_day
from serving.pages.page_route import PageRoute
from serving.pages.routes.grids import GridsQuery
from serving.pages.viewer import Viewer, viewer_of_lists
from serving.pages.workbook import XLSX_TYPE, to_workbook

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Exporter = Annotated[Viewer, Depends(viewer_of_lists(Right.EXPORT))]


@router.get("/export")
def show_export(request: Request, query: Annotated[GridsQuery, Query()], viewer: Exporter) -> Response:
    """Ask what the file is for."""
    day, rows = _find(viewer, query.date, query.area)
    said = said_day(day.as_of, viewer.t)
    return render(request, "export.html", viewer.actor, day=day, area=query.area or "", said_day=said, rows=len(rows), Purpose=Purpose)


@router.post("/export")
def export(
    viewer: Exporter,
    as_of: Annotated[date, Form(alias="date")],
    purpose: Annotated[Purpose, Form()],
    area: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Return the rows, and write down who took them and what for."""
    day, rows = _find(viewer, as_of, area or None)
    if len(rows) > MAX_ROWS:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"An export has at most {MAX_ROWS} rows. Choose an area.")
    ranking_id = day.listed.head.ranking_id
    detail = {"level": "grid", "parent": area or None, "purpose": purpose, "rows": len(rows)}
    record_export(viewer.engine, viewer.actor, ranking_id, detail, viewer.now)
    names = viewer.site.atlas.names(viewer.engine, ranking_id)
    content = to_workbook(rows, names, said_day(day.as_of, viewer.t), viewer.t)
    disposition = {"Content-Disposition": f'attachment; filename="yujing-{day.as_of}.xlsx"'}
    return Response(content, headers=HEADERS | disposition, media_type=XLSX_TYPE)


def _find(viewer: Viewer, as_of: date | None, area: str | None) -> tuple[ShownDay, list[bytes]]:
    day = find_day(viewer.reading, as_of)
    return day, list(day.listed.within(viewer.scope, "grid", area or None))
