"""GET /models: the model in use, for analysts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from features.errors import NotFoundError
from serving.accounts.permissions import Right
from serving.monitoring.history import read_history
from serving.pages.compare_view import compare, distinct_models, weak_subsets
from serving.pages.drift_chart import draw_drift
from serving.pages.layout import HEADERS, render
from serving.pages.model_view import PLOTS, plots_folder, view_models
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.rankings.publishing import publications

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Query(max_length=100)]
ModelId = Annotated[str, Query(max_length=12)]
"""First digits of a model's hash."""
ModelViewer = Annotated[Viewer, Depends(viewer_with(Right.READ_MODELS))]


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
