"""GET /v1/explanations/{grid_id}: why a grid stands where it stands, as published or worked out now."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from features.errors import NotFoundError, NotReadyError
from serving.accounts.permissions import Actor, Right
from serving.api.routes.grids import GridId
from serving.api.schemas import ExplanationPage
from serving.rankings.entries import Entry
from serving.rankings.ledger import read_row
from serving.rankings.schemas import Explanation, GridRow
from serving.server.auth import needs
from serving.server.dependencies import ListsOf
from serving.server.errors import described
from serving.server.responses import UNCHANGED, JsonAnswer, respond

router = APIRouter(prefix="/v1", tags=["explanations"])

Explaining = Annotated[Actor, Depends(needs(Right.EXPLAIN))]


class Explainer(Protocol):
    """Explains rows whose reasons were not published; what it needs for that is no business of the API."""

    def explain(self, entry: Entry, row: GridRow) -> Explanation:
        """Explain the score of one rated row of a list."""
        ...


OpenExplainer = Callable[[], Explainer]


async def _open_explainer(request: Request) -> OpenExplainer | None:
    found: OpenExplainer | None = request.state.open_explainer
    return found


@router.get(
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
