"""GET /v1/rankings: one day's list, page by page."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from serving.accounts.permissions import Actor, Right, Scope
from serving.api.schemas import RankingPage
from serving.exports import COLUMNS, XLSX_TYPE, Column, Purpose, Sheet, cells, to_csv, to_xlsx
from serving.rankings.schemas import Level
from serving.server.auth import ListReader, needs
from serving.server.dependencies import AppState, ListsOf
from serving.server.errors import described
from serving.server.limits import EXPORTS, consume
from serving.server.list_cache import PublishedList
from serving.server.responses import UNCHANGED, Cursor, JsonAnswer, ShownList, json_list, respond, wrong_cursor
from serving.text import IsoDay

router = APIRouter(prefix="/v1", tags=["rankings"])

PINNED = ("date", "target", "level", "parent")
"""Parameters that a cursor settles already."""


class ListQuery(BaseModel):
    """Rows of a list."""

    model_config = ConfigDict(extra="forbid")

    date: IsoDay | None = Field(None, description="Date of the list; the newest without one", examples=["2026-01-09"])
    target: str | None = Field(
        None, max_length=100, description="What is predicted; that of the newest list without one", examples=["escalation"]
    )
    level: Level = Field("grid", description="What a row stands for", examples=["grid"])
    parent: str | None = Field(
        None, max_length=500, description="Path of an area; only it and what lies in it is listed", examples=["330483/330483101"]
    )


class RankingQuery(ListQuery):
    """Filters of a listing."""

    limit: int = Field(50, ge=1, le=500, description="Rows per page", examples=[100])
    cursor: str | None = Field(None, max_length=2000, description="`next` of the page before; pins date, target, level and parent")


@router.get("/rankings", response_model=RankingPage, responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.GONE) | UNCHANGED)
async def read_ranking(request: Request, query: Annotated[RankingQuery, Query()], actor: ListReader, reading: ListsOf) -> Response:
    """Return one page of a day's list, as it was published, as far as it lies in one's own area.

    Grids come by rank, those not rated last. Areas come by code with the sums of their grids and are never ranked.
    """
    place = _place(query, reading, actor.scope)
    if place is None:
        listed = await find_list(reading, query.date, query.target)
        place = Cursor(ranking_id=listed.head.ranking_id, scope=actor.scope.path, level=query.level, node=query.parent, offset=0)
    else:
        listed = await _find_pinned(reading, place)
    shown = reading.show(listed.head)
    return respond(request, shown, _page(query.limit, reading, shown, listed, place))


def _place(query: RankingQuery, reading: AppState, scope: Scope) -> Cursor | None:
    if query.cursor is None:
        return None
    if query.model_fields_set & set(PINNED):
        raise wrong_cursor(f"A cursor settles {', '.join(PINNED)} already")
    place = Cursor.read(query.cursor, reading.cursor_key, reading.now())
    if place.scope != scope.path:
        raise wrong_cursor()
    return place


async def find_list(reading: AppState, as_of: date | None, target: str | None) -> PublishedList:
    """Return the newest list, or that of a date and target.

    Raises:
        NotFoundError: none was published.
        DamagedError: there are lists, and the newest are not what was published.
    """
    if as_of is None and target is None:
        found = reading.shelf.current
    else:
        found = await run_in_threadpool(reading.shelf.on, as_of, target)
    if found is None:
        reading.shelf.require_sound()
        raise NotFoundError("No such list was published. Run `yujing rank --as-of DATE`, or ask for another date or target.")
    return found


async def _find_pinned(reading: AppState, place: Cursor) -> PublishedList:
    current = reading.shelf.current
    if current and current.head.ranking_id == place.ranking_id:
        return current
    try:
        return await run_in_threadpool(reading.shelf.named, place.ranking_id)
    except NotFoundError as error:
        raise HTTPException(HTTPStatus.GONE, str(error)) from error


def _page(limit: int, reading: AppState, shown: ShownList, listed: PublishedList, place: Cursor) -> JsonAnswer:
    rows = listed.within(Scope(place.scope), place.level, place.node)
    end = place.offset + limit
    further = place.model_copy(update={"offset": end}).sign(reading.cursor_key, reading.now()) if end < len(rows) else None
    page = json_list(rows[place.offset : end])
    content = shown.json(level=place.level, parent=place.node, total=len(rows), next=further, rows=page)
    headers = {"Link": f'</v1/rankings?{urlencode({"cursor": further, "limit": limit})}>; rel="next"'} if further else {}
    return JsonAnswer(content, f"{place.model_dump_json()} {limit} {further}", headers=headers)


CSV_TYPE = "text/csv; charset=utf-8"
MEDIA_TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}
FILE = {"schema": {"type": "string"}}
MAX_ROWS = 20_000

export_router = APIRouter(prefix="/v1", tags=["export"])

Exporter = Annotated[Actor, Depends(needs(Right.EXPORT))]


class ExportOrder(ListQuery):
    """Rows to export, and their purpose."""

    purpose: Purpose = Field(description="What the file is for; it is written to the audit trail", examples=["service_planning"])
    format: Literal["csv", "xlsx"] = Field("csv", description="CSV in UTF-8 with BOM, or Excel", examples=["csv"])


@export_router.post(
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
