"""GET /models: the model in use, for analysts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from features.errors import NotFoundError
from serving.accounts.permissions import Right
from serving.pages.layout import HEADERS, render
from serving.pages.model_view import PLOTS, plots_folder, view_models
from serving.pages.page import PageRoute, Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ModelViewer = Annotated[Viewer, Depends(viewer_with(Right.READ_MODELS))]


@router.get("/models")
def show_models(request: Request, viewer: ModelViewer) -> Response:
    """Show how the model in use was judged, and which were in use when."""
    return render(request, "models.html", viewer.actor, view=view_models(viewer), mlflow_url=viewer.site.settings.serving.mlflow_url)


@router.get("/models/plots/{name}")
def show_plot(name: str, viewer: ModelViewer) -> Response:
    """Return one plot of its backtest."""
    path = plots_folder(viewer.site.home, view_models(viewer).backtest) / name
    if name not in PLOTS or not path.is_file():
        raise NotFoundError("No such plot was kept. Run `yujing backtest`.")
    return FileResponse(path, headers=HEADERS)
