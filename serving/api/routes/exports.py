"""POST /v1/exports: rows of a list as a file, for a stated purpose."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import Field

from serving.accounts.permissions import Actor, Right
from serving.api.routes.rankings import ListQuery, find_list
from serving.exports import COLUMNS, XLSX_TYPE, Column, Purpose, Sheet, cells, to_csv, to_xlsx
from serving.server.auth import needs
from serving.server.dependencies import AppState, ListsOf
from serving.server.errors import described
from serving.server.limits import EXPORTS, consume
from serving.server.list_cache import PublishedList

CSV_TYPE = "text/csv; charset=utf-8"
MEDIA_TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}
FILE = {"schema": {"type": "string"}}
MAX_ROWS = 20_000

router = APIRouter(prefix="/v1", tags=["export"])

Exporter = Annotated[Actor, Depends(needs(Right.EXPORT))]


class ExportOrder(ListQuery):
    """Rows to export, and their purpose."""

    purpose: Purpose = Field(description="What the file is for; it is written to the audit trail", examples=["service_planning"])
    format: Literal["csv", "xlsx"] = Field("csv", description="CSV in UTF-8 with BOM, or Excel", examples=["csv"])


@router.post(
    "/exports",
    response_class=Response,
    responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
    | {HTTPStatus.OK: {"description": "For spreadsheets", "content": {kind.partition(";")[0]: FILE for kind in MEDIA_TYPES.values()}}},
)
async def export_list(order: ExportOrder, actor: Exporter, reading: ListsOf) -> Response:
    """Return rows of a day's list as a file, as far as they lie in one's own area; at most five files a day."""
    listed = await find_list(reading, order.date, order.target)
    rows = await run_in_threadpool(take_away, reading, actor, listed, order)
    return as_file(listed, order, await run_in_threadpool(_write, order, rows))


def take_away(reading: AppState, actor: Actor, listed: PublishedList, order: ExportOrder) -> Sequence[bytes]:
    """Return the rows that an order asks for, as far as they lie in one's own area, after writing down who took them and what for.

    Raises:
        HTTPException: they are too many.
        TooManyError: this account has taken as many files as it may within 24 hours.
    """
    rows = listed.within(actor.scope, order.level, order.parent)
    if len(rows) > MAX_ROWS:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"An export has at most {MAX_ROWS} rows. Name a parent, or a higher level.")
    detail = {"level": order.level, "parent": order.parent, "purpose": order.purpose, "rows": len(rows)}
    consume(reading.shelf.engine, actor, EXPORTS, (listed.head.ranking_id, detail), reading.now())
    return rows


def as_file(listed: PublishedList, order: ExportOrder, content: bytes) -> Response:
    """Return the answer that a browser saves under the list's date."""
    name = f"ranking-{listed.head.entry.origin.as_of}-{order.level}.{order.format}"
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=MEDIA_TYPES[order.format])


def _write(order: ExportOrder, rows: Sequence[bytes]) -> bytes:
    if order.format == "csv":
        return to_csv(order.level, rows)
    return to_xlsx(Sheet(order.level, [Column(name) for name in COLUMNS[order.level]], cells(order.level, rows)))
