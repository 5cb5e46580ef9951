"""GET /v1/grids/{grid_id}: one grid on the newest list, and how it stood before.

GET /v1/areas/{code}: the sums of one community, township or district.

GET /v1/explanations/{grid_id}: why a grid stands where it stands, as published or worked out now.
"""

import hashlib
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError, NotReadyError
from serving.accounts.permissions import Actor, Right, Scope
from serving.api.routes.rankings import find_list
from serving.api.schemas import AreaPage, ExplanationPage, GridPage, PastScore
from serving.rankings.entries import Entry
from serving.rankings.ledger import history, read_row
from serving.rankings.schemas import AREA_LEVELS, Explanation, GridRow
from serving.server.auth import ListReader, needs
from serving.server.dependencies import ListsOf
from serving.server.errors import described
from serving.server.list_cache import Head, PublishedList
from serving.server.responses import UNCHANGED, JsonAnswer, json_list, respond

router = APIRouter(prefix="/v1", tags=["grids"])

GridId = Annotated[str, Path(max_length=100, description="Code of the grid", examples=["330483101005003"])]

area_router = APIRouter(prefix="/v1", tags=["areas"])

Code = Annotated[str, Path(max_length=100, description="Code of the area", examples=["330483101"])]

explanation_router = APIRouter(prefix="/v1", tags=["explanations"])

Explaining = Annotated[Actor, Depends(needs(Right.EXPLAIN))]


class GridQuery(BaseModel):
    """Stretch of the past to return."""

    model_config = ConfigDict(extra="forbid")

    target: str | None = Field(
        None, max_length=100, description="What is predicted; that of the newest list without one", examples=["escalation"]
    )
    limit: int = Field(52, ge=1, le=500, description="Dates of the history", examples=[52])


@router.get("/grids/{grid_id}", response_model=GridPage, responses=described(HTTPStatus.NOT_FOUND) | UNCHANGED)
def read_grid(request: Request, grid_id: GridId, query: Annotated[GridQuery, Query()], actor: ListReader, reading: ListsOf) -> Response:
    """Return a grid's row on the newest list it stands on, with reasons and masked weekly counts, and its place on earlier lists."""
    target = query.target or (reading.shelf.current.head.entry.origin.target if reading.shelf.current else "")
    lists = history(reading.shelf.engine, actor.scope, grid_id, target, query.limit)
    if not lists:
        raise NotFoundError("No such grid is on a published list.")
    newest_entry, body = lists[0]
    past = [
        PastScore(as_of=entry.origin.as_of, ranking_id=entry.ranking_id, score=row.score, withheld=row.withheld)
        for entry, row in ((entry, GridRow.model_validate_json(text)) for entry, text in lists)
    ]
    shown = reading.show(Head.of(newest_entry))
    content = shown.json(row=body.encode(), history=json_list(score.model_dump_json().encode() for score in past))
    return respond(request, shown, JsonAnswer(content, key=hashlib.sha256(content).hexdigest()))


@area_router.get("/areas/{code}", response_model=AreaPage, responses=described(HTTPStatus.NOT_FOUND) | UNCHANGED)
async def read_area(request: Request, code: Code, actor: ListReader, reading: ListsOf) -> Response:
    """Return an area's row on the newest list, and the rows right below it."""
    listed = await find_list(reading, None, None)
    row, below = _find_area(listed, actor.scope, code)
    shown = reading.show(listed.head)
    return respond(request, shown, JsonAnswer(shown.json(row=row, below=json_list(below)), key=f"area {code}"))


def _find_area(listed: PublishedList, scope: Scope, code: str) -> tuple[bytes, list[bytes]]:
    """Return the row of an area and those of the next level within it."""
    below = None
    for level in AREA_LEVELS:
        for row in listed.within(scope, level):
            path = json.loads(row)["path"]
            if path.rpartition("/")[2] == code:
                return row, list(listed.within(scope, below, path)) if below else []
        below = level
    raise NotFoundError("No such area is on a published list.")


class Explainer(Protocol):
    """Explains rows whose reasons were not published; what it needs for that is no business of the API."""

    def explain(self, entry: Entry, row: GridRow) -> Explanation:
        """Explain the score of one rated row of a list."""
        ...


OpenExplainer = Callable[[], Explainer]


async def _open_explainer(request: Request) -> OpenExplainer | None:
    found: OpenExplainer | None = request.state.open_explainer
    return found


@explanation_router.get(
    "/explanations/{grid_id}",
    response_model=ExplanationPage,
    responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT) | UNCHANGED,
)
def read_explanation(
    request: Request,
    grid_id: GridId,
    actor: Explaining,
    reading: ListsOf,
    open_explainer: Annotated[OpenExplainer | None, Depends(_open_explainer)],
) -> Response:
    """Return one grid of the newest list with its reasons; a grid that is not rated comes with why."""
    current = reading.shelf.current
    body = read_row(reading.shelf.engine, actor.scope, current.head.entry, "grid", grid_id) if current else None
    if current is None or body is None:
        raise NotFoundError("No such grid is on the newest list.")
    row, was_published = GridRow.model_validate_json(body), True
    if row.score and not row.explanation:
        if open_explainer is None:
            raise NotReadyError("reasons that were not published need `yujing serve`, which can work them out. Ask there.")
        row, was_published = row.model_copy(update={"explanation": open_explainer().explain(current.head.entry, row)}), False
    shown = reading.show(current.head)
    content = shown.json(row=row.model_dump_json().encode(), published=was_published)
    return respond(request, shown, JsonAnswer(content, key=f"explanation {hashlib.sha256(content).hexdigest()}"))
