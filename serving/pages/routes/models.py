"""GET /models: the model in use, for analysts.

/score: what the model says of a case file that is not stored, as a table.
"""

from datetime import date
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response
from fastapi.responses import FileResponse

from features.errors import InputRefusedError, NotFoundError, NotReadyError
from features.eventlog.read import log_state
from serving.accounts.permissions import Right
from serving.api.routes.scores import FAULTS_SHOWN, MAX_BYTES, OpenScorer
from serving.monitoring.history import read_history
from serving.pages.compare_view import compare, distinct_models, weak_subsets
from serving.pages.layout import HEADERS, render
from serving.pages.model_view import PLOTS, plots_folder, view_models
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.pages.time_charts import draw_drift
from serving.rankings.publishing import publications
from serving.rankings.schemas import RowsRefusedError, ScoredFile, ScoreRequest
from serving.server.limits import SCORED_FILES, consume

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Query(max_length=100)]
ModelId = Annotated[str, Query(max_length=12)]
"""First digits of a model's hash."""
ModelViewer = Annotated[Viewer, Depends(viewer_with(Right.READ_MODELS))]

Scoring = Annotated[Viewer, Depends(viewer_with(Right.SCORE))]
ROWS_SHOWN = 200


@router.get("/models")
def show_models(request: Request, viewer: ModelViewer) -> Response:
    """Show how the model in use was judged, and which were in use when."""
    view = view_models(viewer)
    return render(
        request,
        "models.html",
        viewer.actor,
        view=view,
        weak=weak_subsets(view.backtest),
        curves=draw_drift(read_history(viewer.site.home, view.backtest["target"])),
        mlflow_url=viewer.site.settings.serving.mlflow_url,
    )


@router.get("/models/compare")
def compare_models(request: Request, viewer: ModelViewer, target: Text = "", one: ModelId = "", two: ModelId = "") -> Response:
    """Show two models that were in use beside each other: the newest two unless others are chosen."""
    targets = sorted({row["target"] for row in publications(viewer.engine)})
    chosen = target if target in targets else next(iter(targets), "")
    models = distinct_models(viewer.site.home, chosen, viewer.engine)
    ids = [row["model_hash"][:12] for row in models]
    wanted = (one or (ids[1] if len(ids) > 1 else ""), two or (ids[0] if ids else ""))
    comparison = compare(viewer.site.home, models, wanted) if len(ids) > 1 else None
    return render(
        request, "compare.html", viewer.actor, targets=targets, target=chosen, models=models, wanted=wanted, comparison=comparison
    )


@router.get("/models/plots/{name}")
def show_plot(name: str, viewer: ModelViewer) -> Response:
    """Return one plot of its backtest."""
    path = plots_folder(viewer.site.home, view_models(viewer).backtest) / name
    if name not in PLOTS or not path.is_file():
        raise NotFoundError("No such plot was kept. Run `yujing backtest`.")
    return FileResponse(path, headers=HEADERS)


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
