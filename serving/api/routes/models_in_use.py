"""GET /v1/models/current: which model made the newest list, and who put it there."""

from fastapi import APIRouter, Depends

from serving.accounts.permissions import Right
from serving.api.schemas import ModelPage, ModelPublication
from serving.rankings.entries import ListHead
from serving.rankings.publishing import publications
from serving.server.auth import needs
from serving.server.dependencies import ReadingOf

router = APIRouter(prefix="/v1", tags=["model"])


@router.get("/models/current", dependencies=[Depends(needs(Right.READ_MODELS))])
def read_current_model(reading: ReadingOf) -> ModelPage:
    """Return the model behind the newest list and the dated record of what was in use, by whom and why."""
    current = reading.shelf.current
    return ModelPage(
        ranking=ListHead.of(current.head.entry) if current else None,
        publications=[ModelPublication(**row) for row in publications(reading.shelf.engine)],
    )
