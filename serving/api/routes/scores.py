"""POST /v1/scores: what the model says of a case file that is not stored."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from features.errors import InputRefusedError, NotReadyError
from serving.accounts.permissions import Actor, Right
from serving.rankings.schemas import RowsRefusedError, ScoredFile, ScoreRequest
from serving.server.auth import needs
from serving.server.dependencies import ReadingOf
from serving.server.errors import FieldFault, described, problem
from serving.server.limits import SCORED_FILES, consume
from serving.text import IsoDay

MAX_BYTES = 50 * 1024**2
MAX_ROWS = 200_000
FAULTS_SHOWN = 100
CSV_BODY = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}

router = APIRouter(prefix="/v1", tags=["score"])

Scoring = Annotated[Actor, Depends(needs(Right.SCORE))]


class Scorer(Protocol):
    """Scores case files; what it needs for that is no business of the API."""

    def check(self, request: ScoreRequest, now: datetime) -> None:
        """Return quietly when a request can be answered, whatever its file holds."""
        ...

    def score(self, path: Path, request: ScoreRequest, now: datetime) -> ScoredFile:
        """Score the grids of a scope by a flat case file alone."""
        ...


OpenScorer = Callable[[], Scorer]


class ScoreQuery(BaseModel):
    """For which day."""

    model_config = ConfigDict(extra="forbid")

    as_of: IsoDay = Field(description="Only what was known before the local midnight of this day counts", examples=["2026-01-09"])
    source: str | None = Field(default=None, max_length=100, description="Source whose rules hold for the file; the only one by default")


async def _open_scorer(request: Request) -> OpenScorer | None:
    found: OpenScorer | None = request.state.open_scorer
    return found


@router.post(
    "/scores",
    max_body_size=MAX_BYTES,
    response_model=ScoredFile,
    responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
    openapi_extra=CSV_BODY,
)
async def score_file(
    request: Request,
    query: Annotated[ScoreQuery, Query()],
    actor: Scoring,
    reading: ReadingOf,
    open_scorer: Annotated[OpenScorer | None, Depends(_open_scorer)],
) -> Response:
    """Score the grids of one's own area by a flat case file (CSV, UTF-8) alone; nothing of it is kept.

    One row that would not be taken in refuses the file: each such row is named by its number and a code, never by what it holds.
    """
    if open_scorer is None:
        raise NotReadyError("case files are scored by `yujing serve`, which has the model. Ask there.")
    detail = {"as_of": query.as_of.isoformat()}
    wanted, scorer = ScoreRequest(query.as_of, actor.scope, query.source), await run_in_threadpool(open_scorer)
    await run_in_threadpool(scorer.check, wanted, reading.now())
    await run_in_threadpool(consume, reading.shelf.engine, actor, SCORED_FILES, ("case file", detail), reading.now())
    with TemporaryDirectory(prefix="yujing-score-") as folder:
        path = Path(folder) / "cases.csv"
        await _receive(request, path)
        try:
            scored = await run_in_threadpool(scorer.score, path, wanted, reading.now())
        except InputRefusedError as error:
            return problem(error.status, str(error).replace(str(path), "the file"), _faults(error))
    return Response(scored.model_dump_json(), media_type="application/json")


async def _receive(request: Request, path: Path) -> None:
    """Write the body to a file as it comes."""
    lines = 0
    with path.open("wb") as file:
        async for piece in request.stream():
            lines += piece.count(b"\n")
            if lines > MAX_ROWS + 1:
                message = f"A file has at most {MAX_ROWS} rows; row {MAX_ROWS + 1} is one too many. Leave out what is older."
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, message)
            file.write(piece)


def _faults(error: InputRefusedError) -> list[FieldFault]:
    if not isinstance(error, RowsRefusedError):
        return [FieldFault(field="file", code=error.code, detail="The file is refused as a whole.")]
    return [FieldFault(field=f"row.{row.number}.{row.field}", code=row.code, detail=row.sentence) for row in error.rows[:FAULTS_SHOWN]]
