"""/score: what the model says of a case file that is not stored, as a table."""

from datetime import date
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response

from features.errors import InputRefusedError, NotReadyError
from features.eventlog.read import log_state
from serving.accounts.permissions import Right
from serving.accounts.quotas import SCORED_FILES, consume
from serving.api.routes.scores import FAULTS_SHOWN, MAX_BYTES, OpenScorer
from serving.pages.layout import render
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.rankings.schemas import RowsRefusedError, ScoredFile, ScoreRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Scoring = Annotated[Viewer, Depends(viewer_with(Right.SCORE))]
ROWS_SHOWN = 200


@router.get("/score")
def show_form(request: Request, viewer: Scoring) -> Response:
    """Ask for a file and a day."""
    return _page(request, viewer)


@router.post("/score", max_body_size=MAX_BYTES)
def score(
    request: Request,
    viewer: Scoring,
    file: Annotated[bytes, File()],
    as_of: Annotated[date, Form()],
    source: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Score the grids of one's own area by the file alone; nothing of it is kept."""
    open_scorer: OpenScorer | None = request.state.open_scorer
    if open_scorer is None:
        raise NotReadyError("case files are scored by `yujing serve`, which has the model. Ask there.")
    scorer, wanted = open_scorer(), ScoreRequest(as_of, viewer.scope, source or None)
    scorer.check(wanted, viewer.now)
    consume(viewer.engine, viewer.actor, SCORED_FILES, ("case file", {"as_of": as_of.isoformat()}), viewer.now)
    with TemporaryDirectory(prefix="yujing-score-") as folder:
        path = Path(folder) / "cases.csv"
        path.write_bytes(file)
        try:
            scored = scorer.score(path, wanted, viewer.now)
        except InputRefusedError as error:
            return _page(request, viewer, faults=_faults(error, viewer), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, viewer, scored)


def _faults(error: InputRefusedError, viewer: Viewer) -> list[tuple[str, str]]:
    """Return where each fault stands, and what it is in the reader's language."""
    if not isinstance(error, RowsRefusedError):
        return [("", viewer.t("score_file_wrong"))]
    rows = error.rows[:FAULTS_SHOWN]
    return [(f"{row.number} {row.field}", row.sentence_zh if viewer.t.language == "zh" else row.sentence) for row in rows]


def _page(
    request: Request,
    viewer: Viewer,
    scored: ScoredFile | None = None,
    faults: list[tuple[str, str]] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    rated = [row for row in scored.grids if row.expected_escalations is not None] if scored else []
    rows = sorted(rated, key=lambda row: -(row.expected_escalations or 0))[:ROWS_SHOWN]
    context = {"rows": rows, "scored": scored, "faults": faults or (), "sources": sorted(log_state(viewer.engine).known_through)}
    return render(request, "score.html", viewer.actor, status, today=viewer.local_now.date(), **context)
