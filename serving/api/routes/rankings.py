"""GET /v1/rankings: one day's list, page by page."""

from datetime import date
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.api.schemas import RankingPage
from serving.rankings.schemas import Level
from serving.server.auth import ListReader
from serving.server.dependencies import AppState, ListsOf
from serving.server.errors import described
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
