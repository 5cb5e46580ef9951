"""GET /v1/rankings: one day's list, page by page, as JSON or CSV."""

import re
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from features.errors import NotFoundError
from serving.api.answers import CSV_TYPE, Answer, Shown, json_list, respond
from serving.api.csv_export import to_csv
from serving.api.cursor import Cursor
from serving.api.models import RankingPage
from serving.api.problems import described
from serving.api.reading import Reading, ReadingOf
from serving.api.shelf import PublishedList
from serving.rows import Level

router = APIRouter(prefix="/v1", tags=["rankings"])

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
PINNED = ("date", "target", "level", "parent")
"""What a cursor settles already."""


def _iso(value: object) -> object:
    if isinstance(value, str) and not ISO_DATE.fullmatch(value):
        raise ValueError("a date must be written YYYY-MM-DD")
    return value


IsoDate = Annotated[date | None, BeforeValidator(_iso)]


class RankingQuery(BaseModel):
    """What to list."""

    model_config = ConfigDict(extra="forbid")

    date: IsoDate = Field(None, description="Date of the list; the newest without one", examples=["2026-01-09"])
    target: str | None = Field(
        None, max_length=100, description="What is predicted; that of the newest list without one", examples=["escalation"]
    )
    level: Level = Field("grid", description="What a row stands for", examples=["grid"])
    parent: str | None = Field(
        None, max_length=500, description="Path of an area; only what lies in it is listed", examples=["330483/330483101"]
    )
    limit: int = Field(50, ge=1, le=500, description="Rows per page", examples=[100])
    cursor: str | None = Field(None, max_length=2000, description="`next` of the page before; pins date, target, level and parent")
    format: Literal["json", "csv"] = Field("json", description="CSV is UTF-8 with BOM, for spreadsheets")


@router.get(
    "/rankings",
    response_model=RankingPage,
    responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
    | {HTTPStatus.OK: {"content": {"text/csv": {"schema": {"type": "string"}}}}, HTTPStatus.NOT_MODIFIED: {"description": "Unchanged"}},
)
async def read_ranking(request: Request, query: Annotated[RankingQuery, Query()], reading: ReadingOf) -> Response:
    """Return one page of a day's list, as it was published.

    Grids come by rank, those not rated last. Areas come by code with the sums of their grids and are never ranked.
    """
    place = _place(query)
    if place is None:
        listed = await _find(reading, query)
        place = Cursor(ranking_id=listed.head.ranking_id, level=query.level, parent=query.parent, offset=0)
    else:
        listed = await _find_pinned(reading, place)
    shown = reading.show(listed.head)
    return respond(request, shown, _page(query, shown, listed, place))


def _place(query: RankingQuery) -> Cursor | None:
    if query.cursor is None:
        return None
    if doubled := query.model_fields_set & set(PINNED):
        fault = {"type": "cursor", "loc": ("query", min(doubled)), "msg": "A cursor settles this already", "input": None}
        raise RequestValidationError([fault])
    return Cursor.decode(query.cursor)


async def _find(reading: Reading, query: RankingQuery) -> PublishedList:
    if query.date is None and query.target is None:
        found = reading.shelf.current
    else:
        found = await run_in_threadpool(reading.shelf.on, query.date, query.target)
    if found is None:
        raise NotFoundError("No such list was published. Run `yujing rank --as-of DATE`, or ask for another date or target.")
    return found


async def _find_pinned(reading: Reading, place: Cursor) -> PublishedList:
    current = reading.shelf.current
    if current and current.head.ranking_id == place.ranking_id:
        return current
    try:
        return await run_in_threadpool(reading.shelf.named, place.ranking_id)
    except NotFoundError as error:
        raise HTTPException(HTTPStatus.GONE, str(error)) from error


def _page(query: RankingQuery, shown: Shown, listed: PublishedList, place: Cursor) -> Answer:
    positions = listed.positions(place.level, place.parent)
    rows = listed.rows.get(place.level, [])
    end = place.offset + query.limit
    page = [rows[position] for position in positions[place.offset : end]]
    further = place.model_copy(update={"offset": end}).encode() if end < len(positions) else None
    key = f"{place.encode()} {query.limit} {query.format}"
    headers = _link(further, query) if further else {}
    if query.format == "csv":
        name = f"ranking-{listed.head.entry.origin.as_of}-{place.level}.csv"
        return Answer(to_csv(place.level, page), key, CSV_TYPE, headers | {"Content-Disposition": f'attachment; filename="{name}"'})
    content = shown.json(level=place.level, parent=place.parent, total=len(positions), next=further, rows=json_list(page))
    return Answer(content, key, headers=headers)


def _link(further: str, query: RankingQuery) -> dict[str, str]:
    address = urlencode({"cursor": further, "limit": query.limit, "format": query.format})
    return {"Link": f'</v1/rankings?{address}>; rel="next"'}
