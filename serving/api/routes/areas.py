"""GET /v1/areas/{code}: the sums of one community, township or district."""

import json
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.api.routes.rankings import find_list
from serving.api.schemas import AreaPage
from serving.rankings.schemas import AREA_LEVELS
from serving.server.auth import ListReader
from serving.server.dependencies import ListsOf
from serving.server.errors import described
from serving.server.list_cache import PublishedList
from serving.server.responses import UNCHANGED, JsonAnswer, json_list, respond

router = APIRouter(prefix="/v1", tags=["areas"])

Code = Annotated[str, Path(max_length=100, description="Code of the area", examples=["330483101"])]


@router.get("/areas/{code}", response_model=AreaPage, responses=described(HTTPStatus.NOT_FOUND) | UNCHANGED)
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
