"""POST /v1/export: rows of a list as a file, for a stated purpose."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import Field

from serving.access.actor import Actor, Right
from serving.api.access import needs
from serving.api.csv_export import to_csv
from serving.api.problems import REFUSED, described
from serving.api.rankings import ListQuery, find_list
from serving.api.reading import ListsOf
from serving.api.xlsx_export import to_xlsx
from serving.exports import Purpose, record_export

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE = {"schema": {"type": "string"}}
FORMATS = {"csv": (to_csv, CSV_TYPE), "xlsx": (to_xlsx, XLSX_TYPE)}
MAX_ROWS = 20_000

router = APIRouter(prefix="/v1", tags=["export"])

Exporter = Annotated[Actor, Depends(needs(Right.EXPORT))]


class ExportOrder(ListQuery):
    """Which rows to take away, and what for."""

    purpose: Purpose = Field(description="What the file is for; it is written to the audit trail", examples=["service_planning"])
    format: Literal["csv", "xlsx"] = Field("csv", description="CSV in UTF-8 with BOM, or Excel", examples=["csv"])


@router.post(
    "/export",
    response_class=Response,
    responses=described(
        *REFUSED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    | {HTTPStatus.OK: {"description": "For spreadsheets", "content": {kind.partition(";")[0]: FILE for _, kind in FORMATS.values()}}},
)
async def export_list(order: ExportOrder, actor: Exporter, reading: ListsOf) -> Response:
    """Return rows of a day's list as a file, as far as they lie in one's own area; at most five files a day."""
    listed = await find_list(reading, order.date, order.target)
    rows = listed.within(actor.scope, order.level, order.parent)
    if len(rows) > MAX_ROWS:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"An export has at most {MAX_ROWS} rows. Name a parent, or a higher level.")
    detail = {"level": order.level, "parent": order.parent, "purpose": order.purpose, "rows": len(rows)}
    await run_in_threadpool(record_export, reading.shelf.engine, actor, listed.head.ranking_id, detail, reading.now())
    name = f"ranking-{listed.head.entry.origin.as_of}-{order.level}.{order.format}"
    write, media_type = FORMATS[order.format]
    content = await run_in_threadpool(write, order.level, rows)
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=media_type)
