"""GET /v1/grids/{grid_id}: one grid on the newest list, and how it stood before."""

import hashlib
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from serving.api.schemas import GridPage, PastScore
from serving.rankings.ledger import history
from serving.rankings.schemas import GridRow
from serving.server.auth import ListReader
from serving.server.dependencies import ListsOf
from serving.server.errors import described
from serving.server.list_cache import Head
from serving.server.responses import UNCHANGED, JsonAnswer, json_list, respond

router = APIRouter(prefix="/v1", tags=["grids"])

GridId = Annotated[str, Path(max_length=100, description="Code of the grid", examples=["330483101005003"])]


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
